package dev.loraplus.network;

/**
 * Names the factors of a weight inside DL4J: {@code W} has {@code WloraA} and {@code WloraB}, without the underscore, at
 * which DL4J splits names of parameters.
 */
final class FactorKeys {
    private static final String A = "loraA";
    private static final String B = "loraB";

    private FactorKeys() {}

    static String a(String weight) {
        return weight + A;
    }

    static String b(String weight) {
        return weight + B;
    }

    static boolean isB(LoraSpec spec, String key) {
        return key.endsWith(B) && spec.weights().containsKey(weight(key));
    }

    static boolean isFactor(LoraSpec spec, String key) {
        return (key.endsWith(A) || key.endsWith(B)) && spec.weights().containsKey(weight(key));
    }

    private static String weight(String key) {
        return key.substring(0, key.length() - A.length());
    }
}
