package dev.loraplus.network;

import java.io.Serializable;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Holds all that a {@link LoraLayer} is besides the layer it wraps. Immutable.
 *
 * @param mode what training does with the layer
 * @param factors what the configuration says of factors; kept for layers without any too
 * @param weights the adapted weights by parameter key, sorted; this is the order of their factors in the flat vector
 * @param biases the lengths of the base's biases that are trained, by parameter key, sorted; they follow the factors
 * @param storage where the base weights are
 * @param headRate the absolute rate of a layer that is trained fully; {@code null} is the layer's own
 * @param origin what the layer was
 */
record LoraSpec(
        LayerMode mode,
        FactorSettings factors,
        Map<String, AdaptedWeight> weights,
        Map<String, Long> biases,
        Storage storage,
        @Nullable Double headRate,
        Origin origin)
        implements Serializable {

    LoraSpec {
        weights = Collections.unmodifiableMap(new TreeMap<>(weights));
        biases = Collections.unmodifiableMap(new TreeMap<>(biases));
    }

    /** Returns whether the layer's weights are known; those of a new network are not until it is initialized. */
    boolean isResolved() {
        return origin.length() >= 0;
    }

    /** Returns how many numbers the factors have. */
    long factorLength() {
        return weights.values().stream().mapToLong(AdaptedWeight::factorLength).sum();
    }

    /** Returns whether a weight has magnitudes, which need the whole weight. */
    boolean isDora() {
        return weights.values().stream().anyMatch(AdaptedWeight::dora);
    }

    /** Returns how many numbers the trained biases have. */
    long biasLength() {
        return biases.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns how many leading numbers of the layer's part of the flat vector are base weights. */
    long embeddedLength() {
        return storage == Storage.EMBEDDED ? origin.length() : 0;
    }

    /** Returns whether factors start from their weights, so that what they start from is taken out of these. */
    boolean takesStart() {
        return factors.initialization().changesBase();
    }

    /** Returns how many numbers it takes to keep what factors started from; they follow embedded base weights. */
    long startLength() {
        return takesStart()
                ? weights.values().stream().mapToLong(AdaptedWeight::pairLength).sum()
                : 0;
    }

    /** Returns the length of the layer's part of the flat vector. */
    long length() {
        return mode == LayerMode.TRAINED
                ? origin.length()
                : embeddedLength() + startLength() + factorLength() + biasLength();
    }
}
