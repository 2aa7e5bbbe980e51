package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.AdapterInit;
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
     * Draws the factors; all else is neutral.
     *
     * @throws IllegalArgumentException if a weight can't start as the configuration says
     */
    void draw() {
        neutralize();
        parameters.factors().forEach((key, pair) -> {
            Factors start = start(key, parameters.adapted(key));
            pair.a().assign(start.a());
            pair.b().assign(start.b());
        });
    }

    /**
     * Sets factors and biases of B to zero, magnitudes to the lengths of the base's outputs, and trained biases to the
     * base's.
     *
     * @throws IllegalArgumentException if an output has a magnitude and weights of zero
     */
    void neutralize() {
        parameters.factors().forEach((key, pair) -> {
            pair.a().assign(0);
            pair.b().assign(0);
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

    private Factors start(String key, AdaptedWeight weight) {
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
