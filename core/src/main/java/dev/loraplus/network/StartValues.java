package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.AdapterInit;
import dev.loraplus.math.ResidualInit;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gives what is trained of a layer values with which it computes as its base does. */
final class StartValues {
    private final AdapterParameters parameters;
    private final String layer;

    StartValues(AdapterParameters parameters, String layer) {
        this.parameters = parameters;
        this.layer = layer;
    }

    /**
     * Draws the factors, or takes them from the weights; all else is neutral.
     *
     * @throws IllegalArgumentException if a weight can't start as the configuration says
     */
    void draw() {
        if (parameters.spec().takesStart()) {
            parameters.starts().forEach((key, pair) -> assign(pair, taken(key, parameters.adapted(key))));
            neutralize();
        } else {
            neutralize();
            parameters.factors().forEach((key, pair) -> assign(pair, drawn(key, parameters.adapted(key))));
        }
    }

    /**
     * Sets factors to what was taken out of their weights, or to zero, biases of B to zero, magnitudes to the lengths of
     * the base's outputs, and trained biases to the base's.
     *
     * @throws IllegalArgumentException if an output has a magnitude and weights of zero
     */
    void neutralize() {
        parameters.factors().forEach((key, pair) -> {
            Factors start = parameters.starts().get(key);
            if (start == null) {
                pair.a().assign(0);
                pair.b().assign(0);
            } else {
                assign(pair, start);
            }
            if (pair.bias() != null) {
                pair.bias().assign(0);
            }
            if (pair.magnitude() != null) {
                pair.magnitude().assign(lengths(key));
            }
        });
        parameters
                .biases()
                .forEach((key, array) -> array.assign(parameters.base(key).reshape(array.shape())));
    }

    private static void assign(Factors pair, Factors values) {
        pair.a().assign(values.a());
        pair.b().assign(values.b());
    }

    private Factors taken(String key, AdaptedWeight weight) {
        INDArray matrix = weight.matrix().of(parameters.base(key)).dup('c');
        return ResidualInit.factors(
                parameters.spec().factors().initialization(), matrix, weight.rank(), weight.scaling());
    }

    private Factors drawn(String key, AdaptedWeight weight) {
        FactorSettings settings = parameters.spec().factors();
        String name = layer + "." + key;
        long nIn = weight.matrix().nIn();
        long nOut = weight.matrix().nOut();
        DataType type = parameters.base().dataType();
        return weight.embedding()
                ? AdapterInit.embedding(
                        settings.initialization(), name, nIn, weight.rank(), nOut, type, settings.seed())
                : AdapterInit.factors(settings.initialization(), name, nIn, weight.rank(), nOut, type, settings.seed());
    }

    private INDArray lengths(String key) {
        INDArray lengths = parameters.weight(key).of(parameters.base(key)).norm2(0);
        if (lengths.minNumber().doubleValue() == 0) {
            throw new IllegalArgumentException("'" + layer + "." + key
                    + "' has an output whose weights are all zero, without a direction that dora could keep; exclude it,"
                    + " or set dora to false.");
        }
        return lengths;
    }
}
