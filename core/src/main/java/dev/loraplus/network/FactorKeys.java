package dev.loraplus.network;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Names what is trained inside DL4J: a weight {@code W} has the factors {@code WloraA} and {@code WloraB}, and may have
 * B's bias {@code WloraBias} and DoRA's magnitudes {@code WloraM}; a trained bias {@code b} of the base is
 * {@code btrained}. What factors started from, which is not trained, is {@code WloraA0} and {@code WloraB0}. All are without the underscore, at which DL4J splits names of parameters.
 */
final class FactorKeys {
    private static final String A = "loraA";
    private static final String B = "loraB";
    private static final String START_OF_A = "loraA0";
    private static final String START_OF_B = "loraB0";
    private static final String BIAS = "loraBias";
    private static final String MAGNITUDE = "loraM";
    private static final String TRAINED = "trained";

    private FactorKeys() {}

    static String a(String weight) {
        return weight + A;
    }

    static String b(String weight) {
        return weight + B;
    }

    static String startOfA(String weight) {
        return weight + START_OF_A;
    }

    static String startOfB(String weight) {
        return weight + START_OF_B;
    }

    static String bias(String weight) {
        return weight + BIAS;
    }

    static String magnitude(String weight) {
        return weight + MAGNITUDE;
    }

    static String trained(String bias) {
        return bias + TRAINED;
    }

    static boolean isTrainedBias(LoraSpec spec, String key) {
        return key.endsWith(TRAINED) && spec.biases().containsKey(without(TRAINED, key));
    }

    /** Returns whether a key is that of a factor B or its bias, which learn at lambda times the rate of A. */
    static boolean isOfB(String key) {
        return key.endsWith(B) || key.endsWith(BIAS);
    }

    /** Returns whether a key is that of a factor A or B. */
    static boolean isFactor(LoraSpec spec, String key) {
        return (key.endsWith(A) || key.endsWith(B)) && weight(spec, key) != null;
    }

    /** Returns the weight that a key belongs to; {@code null} if to none. */
    static @Nullable AdaptedWeight weight(LoraSpec spec, String key) {
        return List.of(A, B, BIAS, MAGNITUDE).stream()
                .filter(key::endsWith)
                .findFirst()
                .map(suffix -> spec.weights().get(without(suffix, key)))
                .orElse(null);
    }

    private static String without(String suffix, String key) {
        return key.substring(0, key.length() - suffix.length());
    }
}
