package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Holds what is trained of a layer with an adapter, as views into its part of a flat vector: after base weights that are
 * embedded, what factors started from if that is taken out of the weights, the factors of each adapted weight with what
 * belongs to them, then biases of the base.
 *
 * @param starts what factors started from, which is not trained, by key of the adapted weight
 * @param factors by key of the adapted weight
 * @param biases {@code [n]} each, by their keys in the wrapped layer
 */
record TrainedViews(Map<String, Factors> starts, Map<String, Factors> factors, Map<String, INDArray> biases) {
    static final TrainedViews NONE = new TrainedViews(Map.of(), Map.of(), Map.of());

    /** Reads a layer's part of a flat vector {@code [n]}; {@code null} holds nothing. */
    static TrainedViews of(LoraSpec spec, @Nullable INDArray flat) {
        if (flat == null) {
            return NONE;
        }
        Map<String, Factors> starts = spec.takesStart() ? starts(spec, flat) : Map.of();
        long offset = spec.embeddedLength() + spec.startLength();
        Map<String, Factors> factors = new LinkedHashMap<>();
        for (Map.Entry<String, AdaptedWeight> entry : spec.weights().entrySet()) {
            factors.put(entry.getKey(), factors(entry.getValue(), flat, offset));
            offset += entry.getValue().factorLength();
        }
        Map<String, INDArray> biases = new LinkedHashMap<>();
        for (Map.Entry<String, Long> entry : spec.biases().entrySet()) {
            biases.put(entry.getKey(), part(flat, offset, entry.getValue()));
            offset += entry.getValue();
        }
        return new TrainedViews(starts, factors, biases);
    }

    /** Gives every array that is not trained with its name in DL4J, in the order of the flat vector. */
    void forEachStart(BiConsumer<String, INDArray> taker) {
        starts.forEach((key, pair) -> {
            taker.accept(FactorKeys.startOfA(key), pair.a());
            taker.accept(FactorKeys.startOfB(key), pair.b());
        });
    }

    /** Gives every array that is trained with its name in DL4J, in the order of the flat vector. */
    void forEach(BiConsumer<String, INDArray> taker) {
        factors.forEach((key, pair) -> {
            taker.accept(FactorKeys.a(key), pair.a());
            taker.accept(FactorKeys.b(key), pair.b());
            if (pair.bias() != null) {
                taker.accept(FactorKeys.bias(key), pair.bias());
            }
            if (pair.magnitude() != null) {
                taker.accept(FactorKeys.magnitude(key), pair.magnitude());
            }
        });
        biases.forEach((key, array) -> taker.accept(FactorKeys.trained(key), array));
    }

    private static Map<String, Factors> starts(LoraSpec spec, INDArray flat) {
        long offset = spec.embeddedLength();
        Map<String, Factors> starts = new LinkedHashMap<>();
        for (Map.Entry<String, AdaptedWeight> entry : spec.weights().entrySet()) {
            starts.put(entry.getKey(), pair(entry.getValue(), flat, offset));
            offset += entry.getValue().pairLength();
        }
        return starts;
    }

    /** Reads A, B, then B's bias and the magnitudes if there are any. */
    private static Factors factors(AdaptedWeight adapted, INDArray flat, long offset) {
        WeightMatrix weight = adapted.matrix();
        Factors pair = pair(adapted, flat, offset);
        long bias = offset + adapted.pairLength();
        long magnitude = bias + (adapted.loraBias() ? weight.nOut() : 0);
        return new Factors(
                pair.a(),
                pair.b(),
                adapted.loraBias() ? part(flat, bias, weight.nOut()) : null,
                adapted.dora() ? part(flat, magnitude, weight.nOut()) : null);
    }

    private static Factors pair(AdaptedWeight adapted, INDArray flat, long offset) {
        WeightMatrix weight = adapted.matrix();
        long a = weight.nIn() * adapted.rank();
        long b = adapted.rank() * weight.nOut();
        return new Factors(
                part(flat, offset, a).reshape('f', weight.nIn(), adapted.rank()),
                part(flat, offset + a, b).reshape('f', adapted.rank(), weight.nOut()));
    }

    private static INDArray part(INDArray flat, long offset, long length) {
        return flat.get(NDArrayIndex.interval(offset, offset + length));
    }
}
