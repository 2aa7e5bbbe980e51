package dev.loraplus.network;

import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.io.Serializable;

/**
 * Holds the numbers of a layer's factors, as {@link LoraConfig} has them.
 *
 * @param rank the inner width
 * @param alpha the numerator of the scaling
 * @param lambda the rate of B divided by that of A
 * @param dropout the probability with which an input of the branch is zeroed in training
 * @param initialization which factor starts at random
 * @param seed the seed of start values and dropout masks
 */
record FactorSettings(int rank, double alpha, double lambda, double dropout, Initialization initialization, long seed)
        implements Serializable {

    static FactorSettings of(LoraConfig config) {
        return new FactorSettings(
                config.rank(),
                config.alpha(),
                config.lambda(),
                config.dropout(),
                config.initialization(),
                config.seed());
    }

    double scaling() {
        return alpha / rank;
    }
}
