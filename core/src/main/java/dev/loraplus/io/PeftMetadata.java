package dev.loraplus.io;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Holds what PEFT's configuration has no key for, as texts {@code loraplus.*} in the header of the tensors.
 *
 * @param subject the file, as messages name it
 * @param texts the header's texts
 */
record PeftMetadata(String subject, Map<String, String> texts) {
    static final String ETA = "eta";
    static final String BASE = "base";
    private static final String PREFIX = "loraplus.";
    private static final String UNPACKAGED_VERSION = "0.1.0-SNAPSHOT";

    /** Returns the texts to write with an adapter whose tensors have the hash {@code sha256}. */
    static Map<String, String> of(Adapter adapter, String sha256) {
        LoraConfig config = adapter.config();
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put(PREFIX + "lambda", Double.toString(config.lambda()));
        texts.put(PREFIX + "seed", Long.toString(config.seed()));
        texts.put(PREFIX + "initialization", config.initialization().name());
        texts.put(PREFIX + "settings", settings(config));
        texts.put(PREFIX + "version", version());
        texts.put(PREFIX + "sha256", sha256);
        config.headRate().ifPresent(rate -> texts.put(PREFIX + "headRate", Double.toString(rate)));
        for (String key : new String[] {ETA, BASE}) {
            String value = adapter.provenance().get(key);
            if (value != null) {
                texts.put(PREFIX + key, value);
            }
        }
        return texts;
    }

    /** Returns what must agree between the two files of an adapter, for a reader to compare. */
    static String settings(LoraConfig config) {
        return "r = " + config.rank() + ", lora_alpha = " + config.alpha() + ", lora_dropout = " + config.dropout();
    }

    /** Returns whether this library wrote the tensors. */
    boolean isOurs() {
        return texts.keySet().stream().anyMatch(key -> key.startsWith(PREFIX));
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(texts.get(PREFIX + key));
    }

    /** Sets lambda, seed, initialisation and head rate where the header holds them. */
    void applyTo(LoraConfig.Builder builder) throws IOException {
        try {
            text("lambda").map(Double::valueOf).ifPresent(builder::lambda);
            text("seed").map(Long::valueOf).ifPresent(builder::seed);
            text("initialization").map(Initialization::valueOf).ifPresent(builder::initialization);
            text("headRate").map(Double::valueOf).ifPresent(builder::headRate);
        } catch (IllegalArgumentException e) {
            throw new IOException(subject + ": the header's " + PREFIX + " texts are damaged: " + e.getMessage(), e);
        }
    }

    /** Checks the hash of the tensors, if this library wrote them. */
    void requireSha256(String actual) throws IOException {
        String expected = text("sha256").orElse("");
        if (isOurs() && !expected.equals(actual)) {
            throw new IOException(subject + " is damaged: its tensors have SHA-256 " + actual + ", expected "
                    + (expected.isEmpty() ? "one in the header" : expected) + ". Save or copy the adapter again.");
        }
    }

    /** Returns the version of this library. */
    static String version() {
        String version = PeftMetadata.class.getPackage().getImplementationVersion();
        return version == null ? UNPACKAGED_VERSION : version;
    }
}
