package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Lets any layer compute with W + scaling &middot; A &middot; B, less what the factors started from, in place of W: the sum
 * is built when factors or the scaling have changed, and the layer's gradient at it, dW, gives dA = scaling &middot; dW
 * &middot; B<sup>T</sup> and dB = scaling &middot; A<sup>T</sup> &middot; dW.
 *
 * <p>Memory for the sums is taken at the first pass, so that attaching copies no weight; that for dW is shared by all
 * layers. Passes of several threads at once see a whole sum, as long as nobody changes factors meanwhile.
 */
final class EffectiveWeights implements WeightPath {
    private final Layer layer;
    private final AdapterParameters parameters;
    private final List<Sum> sums = new ArrayList<>();
    private final Map<String, Directions> directions = new HashMap<>();
    private final @Nullable ChangeDetector detector;
    private @Nullable INDArray scratch;
    private double built = Double.NaN;

    /** One adapted weight: its key, what it is, and what the layer computes with, as stored and as a matrix. */
    private record Sum(
            String key,
            INDArray base,
            INDArray stored,
            INDArray matrix,
            @Nullable Directions directions) {}

    EffectiveWeights(Layer layer, AdapterParameters parameters) {
        this.layer = layer;
        this.parameters = parameters;
        INDArray watched = parameters.factorView();
        detector = watched == null ? null : new ChangeDetector(watched);
    }

    @Override
    public synchronized void beforePass() {
        if (detector == null) {
            return;
        }
        boolean baseMayChange = parameters.spec().storage() == Storage.EMBEDDED;
        double scale = parameters.scale();
        if (detector.changed() || baseMayChange || scale != built) {
            built = scale;
            if (sums.isEmpty()) {
                allocate();
            }
            sums.forEach(this::rebuild);
        }
    }

    @Override
    public void beforeBackward() {
        long length = parameters.base().length();
        INDArray shared = GradientScratch.atLeast(parameters.base().dataType(), length);
        if (shared != scratch) {
            layer.setBackpropGradientsViewArray(shared.get(NDArrayIndex.interval(0, length)));
            scratch = shared;
        }
    }

    @Override
    public void afterBackward(Gradient gradient) {
        parameters.factors().forEach((key, pair) -> {
            INDArray dW = parameters.weight(key).of(gradient.getGradientFor(key));
            Factors out = parameters.gradient(key);
            Directions split = directions.get(key);
            if (split != null) {
                split.backward(dW, out);
                return;
            }
            double scaling = parameters.scaling(key);
            Gemm.setRight(dW, pair.b(), scaling, out.a());
            Gemm.setLeft(pair.a(), dW, scaling, out.b());
        });
    }

    private void rebuild(Sum sum) {
        sum.stored().assign(sum.base());
        parameters.addChangeTo(sum.matrix(), sum.key());
        if (sum.directions() != null) {
            sum.directions().scale(sum.matrix());
        }
    }

    /** Gives the layer's own arrays of adapted weights other memory, of the same layout. */
    private void allocate() {
        Map<String, INDArray> live = layer.paramTable();
        try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
            parameters.factors().forEach((key, pair) -> {
                INDArray weight = Objects.requireNonNull(live.get(key));
                INDArray own = Nd4j.createUninitialized(weight.dataType(), weight.shape(), weight.ordering());
                weight.setData(own.data());
                Directions split = pair.magnitude() == null ? null : directions(key, pair);
                if (split != null) {
                    directions.put(key, split);
                }
                sums.add(new Sum(
                        key, parameters.base(key), own, parameters.weight(key).of(own), split));
            });
        }
    }

    private Directions directions(String key, Factors pair) {
        INDArray base = parameters.weight(key).of(parameters.base(key));
        INDArray lengths = Nd4j.createUninitialized(base.dataType(), base.size(1));
        return new Directions(base, pair, () -> parameters.scaling(key), parameters.start(key), lengths);
    }
}
