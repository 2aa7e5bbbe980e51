package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Holds one adapted weight of a layer.
 *
 * @param matrix how it is read as W {@code [nIn, nOut]}
 * @param rank the inner width of its factors
 * @param scaling what their product is multiplied by
 * @param lambda the rate of B divided by that of A
 * @param loraBias whether B has a bias {@code [nOut]}
 * @param dora whether each output has a magnitude, {@code [nOut]}
 * @param embedding whether its rows are looked up
 * @param rate the absolute rate of both factors; {@code null} is that of the layer's own updater, times lambda for B
 */
record AdaptedWeight(
        WeightMatrix matrix,
        int rank,
        double scaling,
        double lambda,
        boolean loraBias,
        boolean dora,
        boolean embedding,
        @Nullable Double rate)
        implements Serializable {

    /**
     * Returns what a configuration says of a weight.
     *
     * @param module what PEFT would call the weight's module, by which patterns are matched
     * @param embedding whether its rows are looked up
     */
    static AdaptedWeight of(LoraConfig config, String module, WeightMatrix matrix, boolean embedding) {
        Double rate = embedding && config.embeddingRate().isPresent()
                ? Double.valueOf(config.embeddingRate().getAsDouble())
                : null;
        return new AdaptedWeight(
                matrix,
                config.rankOf(module),
                config.scalingOf(module),
                config.lambdaOf(module),
                config.loraBias(),
                config.dora(),
                embedding,
                rate);
    }

    /** Returns how many numbers A and B have. */
    long pairLength() {
        return rank * (matrix.nIn() + matrix.nOut());
    }

    /** Returns how many numbers the factors have, with B's bias and the magnitudes. */
    long factorLength() {
        int vectors = (loraBias ? 1 : 0) + (dora ? 1 : 0);
        return pairLength() + vectors * matrix.nOut();
    }

    /** Returns whether the updater must have a learning rate. */
    boolean needsRate() {
        return lambda != 1 || rate != null;
    }
}
