package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import java.util.Objects;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gives each output of V = W + scaling &middot; A &middot; B a magnitude m in place of its length: the layer computes with
 * m &middot; V / ||V||, the length over the inputs of each output (DoRA, arXiv 2402.09353 &sect;4.2; PEFT
 * {@code DoraLinearLayer}). What A and B started from is taken out of V if it is out of W.
 *
 * <p>Gradients, from dW at the weight that the layer computes with: dm = &Sigma; dW &middot; V / ||V|| over the inputs,
 * and with the length taken as a constant (&sect;4.3), as PEFT's {@code detach} does, dA and dB are those of a plain
 * adapter whose dW is dW &middot; m / ||V||. Not thread-safe.
 */
final class Directions {
    private final INDArray weight;
    private final Factors factors;
    private final INDArray magnitude;
    private final DoubleSupplier scaling;
    private final @Nullable TakenStart start;
    private final INDArray lengths;

    /**
     * Keeps the lengths of V.
     *
     * @param weight W {@code [nIn, nOut]}, which is not changed
     * @param factors A {@code [nIn, r]}, B {@code [r, nOut]} and m {@code [nOut]}
     * @param scaling what A &middot; B is multiplied by now
     * @param start what is taken out of W, if anything is
     * @param lengths memory for ||V|| {@code [nOut]}, outside of workspaces
     */
    Directions(INDArray weight, Factors factors, DoubleSupplier scaling, @Nullable TakenStart start, INDArray lengths) {
        this.weight = weight;
        this.factors = factors;
        this.magnitude = Objects.requireNonNull(factors.magnitude(), "magnitude");
        this.scaling = scaling;
        this.start = start;
        this.lengths = lengths;
    }

    /** Turns V {@code [nIn, nOut]} into m &middot; V / ||V||, in place. */
    void scale(INDArray sum) {
        lengths.assign(sum.norm2(0));
        sum.muliRowVector(gain());
    }

    /**
     * Computes the gradients of A, B and m after {@link #scale}.
     *
     * @param dW the gradient at m &middot; V / ||V|| {@code [nIn, nOut]}
     * @param out where they go
     */
    void backward(INDArray dW, Factors out) {
        INDArray gain = gain();
        double now = scaling.getAsDouble();
        INDArray inward = factors.a().transpose().mmul(dW);
        INDArray alongV =
                dW.mul(weight).sum(0).addi(inward.mul(factors.b()).sum(0).muli(now));
        if (start != null) {
            start.fromInnerProducts(alongV, dW);
        }
        Objects.requireNonNull(out.magnitude(), "magnitude").assign(alongV.divi(lengths));
        out.a().assign(dW.mmul(factors.b().mulRowVector(gain).transpose()).muli(now));
        out.b().assign(inward.muliRowVector(gain).muli(now));
    }

    private INDArray gain() {
        return magnitude.div(lengths);
    }
}
