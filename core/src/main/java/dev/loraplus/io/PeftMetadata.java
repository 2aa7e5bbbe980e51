package dev.loraplus.io;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;

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
    private static final String HASH = PREFIX + "sha256";
    private static final String CONFIG_HASH = "config";
    private static final String UNPACKAGED_VERSION = "0.1.0-SNAPSHOT";

    /**
     * Returns the texts to write with an adapter, which seal both of its files.
     *
     * @param tensors the tensors by key
     * @param configuration the content of {@code adapter_config.json}
     */
    static Map<String, String> of(Adapter adapter, Map<String, INDArray> tensors, byte[] configuration) {
        LoraConfig config = adapter.config();
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("format", "pt");
        texts.put(PREFIX + "lambda", Double.toString(config.lambda()));
        texts.put(PREFIX + "seed", Long.toString(config.seed()));
        texts.put(PREFIX + "initialization", config.initialization().name());
        texts.put(PREFIX + "version", version());
        texts.put(PREFIX + CONFIG_HASH, TensorDigest.sha256(configuration));
        config.headRate().ifPresent(rate -> texts.put(PREFIX + "headRate", Double.toString(rate)));
        config.embeddingRate().ifPresent(rate -> texts.put(PREFIX + "embeddingRate", Double.toString(rate)));
        if (!config.lambdaPattern().isEmpty()) {
            texts.put(PREFIX + "lambdaPattern", LambdaPatterns.format(config.lambdaPattern()));
        }
        for (String key : new String[] {ETA, BASE}) {
            String value = adapter.provenance().get(key);
            if (value != null) {
                texts.put(PREFIX + key, value);
            }
        }
        return sealed(texts, tensors);
    }

    /** Returns {@code texts} with the hash of all others and of the tensors. */
    static Map<String, String> sealed(Map<String, String> texts, Map<String, INDArray> tensors) {
        Map<String, String> sealed = new LinkedHashMap<>(texts);
        sealed.remove(HASH);
        sealed.put(HASH, TensorDigest.sha256(sealed, tensors));
        return sealed;
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
            text("embeddingRate").map(Double::valueOf).ifPresent(builder::embeddingRate);
            Optional<String> lambdas = text("lambdaPattern");
            if (lambdas.isPresent()) {
                LambdaPatterns.parse(subject, lambdas.get()).forEach(builder::lambdaPattern);
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(subject + ": the header's " + PREFIX + " texts are damaged: " + e.getMessage(), e);
        }
    }

    /** Checks that nothing was changed in the file, if this library wrote it. */
    void requireIntact(Map<String, INDArray> tensors) throws IOException {
        if (!isOurs()) {
            return;
        }
        String actual = sealed(texts, tensors).get(HASH);
        String expected = texts.getOrDefault(HASH, "");
        if (!expected.equals(actual)) {
            throw new IOException(subject + " is damaged: its tensors and the texts of its header have SHA-256 "
                    + actual + ", expected " + (expected.isEmpty() ? "one in the header" : expected)
                    + ". Save or copy the adapter again.");
        }
    }

    /** Checks that the configuration beside the file is the one it was saved with, if this library wrote it. */
    void requireConfiguration(PeftConfig configuration) throws IOException {
        String actual = configuration.sha256();
        String expected = text(CONFIG_HASH).orElse("");
        if (isOurs() && !expected.equals(actual)) {
            throw new IOException(configuration.subject() + " has SHA-256 " + actual + ", expected "
                    + (expected.isEmpty() ? "one in the header of " + subject : expected + " as saved with " + subject)
                    + ": it was edited or damaged, or saving was interrupted. Save or copy the adapter again.");
        }
    }

    /** Returns the version of this library. */
    static String version() {
        String version = PeftMetadata.class.getPackage().getImplementationVersion();
        return version == null ? UNPACKAGED_VERSION : version;
    }
}
