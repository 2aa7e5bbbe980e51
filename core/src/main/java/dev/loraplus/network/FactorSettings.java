package dev.loraplus.network;

import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Holds what a {@link LoraConfig} says of all factors of a network, in every layer, so that the configuration can be
 * read back from it; {@link AdaptedWeight} holds what that means for one weight.
 *
 * @param rank the inner width where no pattern says otherwise
 * @param alpha the numerator of the scaling where no pattern says otherwise
 * @param lambda the rate of B divided by that of A where no pattern says otherwise
 * @param rankPattern ranks by pattern
 * @param alphaPattern alphas by pattern
 * @param lambdaPattern lambdas by pattern
 * @param rsLora whether the scaling is alpha / &radic;rank
 * @param embeddingRate the absolute rate of factors of embeddings; {@code null} without one
 * @param bias which biases of the base are trained
 * @param loraBias whether B has a bias
 * @param dora whether outputs have magnitudes of their own
 * @param dropout the probability with which an input of the branch is zeroed in training
 * @param initialization where the factors start
 * @param seed the seed of start values and dropout masks
 */
record FactorSettings(
        int rank,
        double alpha,
        double lambda,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        Map<String, Double> lambdaPattern,
        boolean rsLora,
        @Nullable Double embeddingRate,
        Bias bias,
        boolean loraBias,
        boolean dora,
        double dropout,
        Initialization initialization,
        long seed)
        implements Serializable {

    FactorSettings {
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        lambdaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(lambdaPattern));
    }

    static FactorSettings of(LoraConfig config) {
        OptionalDouble embeddingRate = config.embeddingRate();
        return new FactorSettings(
                config.rank(),
                config.alpha(),
                config.lambda(),
                config.rankPattern(),
                config.alphaPattern(),
                config.lambdaPattern(),
                config.rsLora(),
                embeddingRate.isPresent() ? Double.valueOf(embeddingRate.getAsDouble()) : null,
                config.bias(),
                config.loraBias(),
                config.dora(),
                config.dropout(),
                config.initialization(),
                config.seed());
    }

    /** Starts a configuration with these values, and the default where there is none here. */
    LoraConfig.Builder builder() {
        LoraConfig.Builder builder = LoraConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .lambda(lambda)
                .rsLora(rsLora)
                .bias(bias)
                .loraBias(loraBias)
                .dora(dora)
                .dropout(dropout)
                .initialization(initialization)
                .seed(seed);
        rankPattern.forEach(builder::rankPattern);
        alphaPattern.forEach(builder::alphaPattern);
        lambdaPattern.forEach(builder::lambdaPattern);
        return embeddingRate == null ? builder : builder.embeddingRate(embeddingRate);
    }
}
