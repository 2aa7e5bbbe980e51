package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.scatter.ScatterUpdate.UpdateOp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adds scaling &middot; (x &middot; A &middot; B + bias of B) to x &middot; W, and computes the gradients of A and B without that of
 * W: with h = x &middot; A and the gradient delta at the sum, dB = scaling &middot; h<sup>T</sup> &middot; delta, and
 * with dh = scaling &middot; delta &middot; B<sup>T</sup>, dA = x<sup>T</sup> &middot; dh and dx = dh &middot;
 * A<sup>T</sup>. In training x may lose inputs to dropout. What the factors started from is taken out of W. A weight
 * without factors gets nothing; the gradient of the layer's bias is computed where that is trained. Not thread-safe in
 * training.
 */
final class LowRankBranch {
    private static final int[] ROWS = {1};

    private final AdapterParameters parameters;
    private final String key;
    private final @Nullable Factors factors;
    private final @Nullable TakenStart start;
    private final BranchDropout dropout;
    private final @Nullable InferenceWeight inference;
    private @Nullable INDArray hidden;
    private @Nullable INDArray mask;

    /** Takes the factors of the weight {@code key}, if it has any. */
    LowRankBranch(AdapterParameters parameters, String layer, String key) {
        this.parameters = parameters;
        this.key = key;
        factors = parameters.factors().get(key);
        start = parameters.start(key);
        FactorSettings settings = parameters.spec().factors();
        dropout = new BranchDropout(settings.dropout(), layer + "." + key, settings.seed());
        inference = factors == null ? null : inference(parameters, key);
    }

    /** Weights that lie in the network's own vector, or on a device, may change unseen: there is no sum of them. */
    private static @Nullable InferenceWeight inference(AdapterParameters parameters, String key) {
        INDArray view = parameters.factorView();
        return view == null || parameters.spec().storage() == Storage.EMBEDDED || HostBytes.of(view) == null
                ? null
                : new InferenceWeight(parameters, key, view);
    }

    /** Returns the weight that a pass multiplies by, before {@link #addTo} adds what it lacks. */
    INDArray weight(INDArray frozen, boolean training) {
        return training || inference == null ? frozen : inference.of(frozen);
    }

    /** Returns the sum that {@link #addTo} completes for a prediction of one example, if it can be had faster here. */
    @Nullable
    INDArray predictOne(Layer layer, INDArray x, ArrayType type, LayerWorkspaceMgr workspaceMgr) {
        INDArray frozen = layer.getParam(key);
        INDArray bias = layer.getParam(DefaultParamInitializer.BIAS_KEY);
        if (inference == null || x.dataType() != frozen.dataType() || !OneRow.fits(x, frozen, bias)) {
            return null;
        }
        return OneRow.sum(x, inference.of(frozen), bias, type, workspaceMgr);
    }

    /** Returns whether the weight has factors at all. */
    boolean isActive() {
        return factors != null;
    }

    /**
     * Adds the branch to a product with {@link #weight}, in place, and keeps h for the gradients in training.
     *
     * @param x the input {@code [b, nIn]}
     * @param sum x &middot; W {@code [b, nOut]}
     */
    void addTo(INDArray sum, INDArray x, boolean training, int iteration, LayerWorkspaceMgr workspaceMgr) {
        if (factors == null) {
            return;
        }
        if (factors.bias() != null) {
            sum.addiRowVector(factors.bias().mul(scaling()));
        }
        if (!training && inference != null) {
            return;
        }
        mask = training && dropout.isActive() ? dropout.fill(empty(x.shape(), workspaceMgr), iteration) : null;
        INDArray kept = mask == null ? x : x.mul(mask);
        INDArray h = empty(new long[] {x.size(0), factors.a().size(1)}, workspaceMgr);
        if (start != null) {
            start.fromProduct(sum, x, h);
        }
        Gemm.set(kept, factors.a(), 1, h);
        Gemm.add(h, factors.b(), scaling(), sum);
        hidden = training ? h : null;
    }

    /**
     * Computes the factors' gradients and adds the branch's share of the input's gradient, in place, after
     * {@link #addTo} in training on the same input.
     *
     * @param x the input {@code [b, nIn]}
     * @param delta the gradient at the sum {@code [b, nOut]}
     * @param epsilon the gradient at the input {@code [b, nIn]}
     */
    void backward(INDArray x, INDArray delta, INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        biasBackward(delta);
        if (factors == null || hidden == null) {
            return;
        }
        Factors gradients = parameters.gradient(key);
        INDArray dh = throughB(delta, hidden, gradients, workspaceMgr);
        if (gradients.bias() != null) {
            gradients.bias().assign(delta.sum(0).muli(scaling()));
        }
        if (mask == null) {
            Gemm.setLeft(x, dh, 1, gradients.a());
            Gemm.addRight(dh, factors.a(), 1, epsilon);
        } else {
            Gemm.setLeft(x.mul(mask), dh, 1, gradients.a());
            epsilon.addi(Nd4j.gemm(dh, factors.a(), false, true).muli(mask));
        }
        if (start != null) {
            start.fromInputGradient(epsilon, delta, dh);
        }
        forget();
    }

    /** Adds the branch to rows of an embedding, in place: x is one-hot at {@code indices}, and h are rows of A. */
    void addRowsTo(INDArray sum, INDArray indices, boolean training, LayerWorkspaceMgr workspaceMgr) {
        if (factors == null) {
            return;
        }
        INDArray h = empty(new long[] {indices.length(), factors.a().size(1)}, workspaceMgr);
        Nd4j.pullRows(factors.a(), h, 1, rows(indices));
        Gemm.add(h, factors.b(), scaling(), sum);
        hidden = training ? h : null;
    }

    /** Computes the factors' gradients of an embedding after {@link #addRowsTo} in training. */
    void backwardRows(INDArray indices, INDArray delta, LayerWorkspaceMgr workspaceMgr) {
        biasBackward(delta);
        if (factors == null || hidden == null) {
            return;
        }
        Factors gradients = parameters.gradient(key);
        INDArray dh = throughB(delta, hidden, gradients, workspaceMgr);
        gradients.a().assign(0);
        Nd4j.scatterUpdate(UpdateOp.ADD, gradients.a(), Nd4j.createFromArray(rows(indices)), dh, ROWS);
        forget();
    }

    /** Computes the gradient of the layer's bias, if that is trained. */
    private void biasBackward(INDArray delta) {
        INDArray gradient = parameters.biasGradient(DefaultParamInitializer.BIAS_KEY);
        if (gradient != null) {
            gradient.assign(delta.sum(0).reshape(gradient.shape()));
        }
    }

    /** Lets what training has kept go. */
    void forget() {
        hidden = null;
        mask = null;
    }

    private static int[] rows(INDArray indices) {
        return indices.dup('c').data().asInt();
    }

    private INDArray throughB(INDArray delta, INDArray h, Factors gradients, LayerWorkspaceMgr workspaceMgr) {
        Gemm.setLeft(h, delta, scaling(), gradients.b());
        INDArray dh = workspaceMgr.createUninitialized(
                ArrayType.BP_WORKING_MEM, delta.dataType(), new long[] {delta.size(0), h.size(1)}, 'c');
        Gemm.setRight(delta, pair().b(), scaling(), dh);
        return dh;
    }

    /** Returns an array that lives as long as the activations of this pass. */
    private INDArray empty(long[] shape, LayerWorkspaceMgr workspaceMgr) {
        return workspaceMgr.createUninitialized(
                ArrayType.ACTIVATIONS, pair().a().dataType(), shape, 'c');
    }

    private Factors pair() {
        return Objects.requireNonNull(factors);
    }

    private double scaling() {
        return parameters.scaling(key);
    }
}
