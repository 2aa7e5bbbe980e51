package dev.loraplus.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads {@code adapter_config.json}, with PEFT's default for every key that is missing. */
final class PeftConfig {
    static final String FILE = "adapter_config.json";
    private static final long MAX_BYTES = 10_000_000;

    /** A key that PEFT itself skips when it reads. */
    private static final String RUNTIME_KEY = "runtime_config";

    /** The start values that we lack, but that leave the base as it is, so that the factors are right on it. */
    private static final Set<String> HARMLESS_STARTS = Set.of("eva", "mica");

    private final String subject;
    private final String sha256;
    private final ObjectNode values;
    private final List<String> unknown;

    private PeftConfig(String subject, String sha256, ObjectNode values, List<String> unknown) {
        this.subject = subject;
        this.sha256 = sha256;
        this.values = values;
        this.unknown = unknown;
    }

    /**
     * Reads the configuration of an adapter.
     *
     * @throws IOException if the file is missing or malformed, holds a value of the wrong type, or asks for what this
     *     library lacks; the message names all such keys
     */
    static PeftConfig read(Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        String subject = "'" + file + "'";
        if (!Files.isRegularFile(file)) {
            throw new IOException(subject + " is not a file; expected the configuration of a PEFT adapter there. "
                    + "If saving was interrupted, save the adapter again.");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException(subject + " has " + Files.size(file) + " bytes, expected at most " + MAX_BYTES + ".");
        }
        byte[] bytes = Files.readAllBytes(file);
        return of(subject, TensorDigest.sha256(bytes), StrictJson.object(subject, bytes));
    }

    /** Checks {@code given} and fills in PEFT's defaults. */
    private static PeftConfig of(String subject, String sha256, ObjectNode given) throws IOException {
        requireLora(subject, given);
        List<String> wrong = PeftOption.wrongTypes(given);
        if (!wrong.isEmpty()) {
            throw new IOException(subject + " holds wrong types: " + String.join("; ", wrong) + ".");
        }
        ObjectNode values = PeftOption.defaults();
        List<String> unknown = new ArrayList<>();
        given.properties().forEach(entry -> {
            if (values.has(entry.getKey())) {
                values.set(entry.getKey(), entry.getValue());
            } else if (!entry.getKey().equals(RUNTIME_KEY)) {
                unknown.add(entry.getKey());
            }
        });
        PeftConfig config = new PeftConfig(subject, sha256, values, unknown);
        config.requireSupported();
        return config;
    }

    /** Returns the file, as messages name it. */
    String subject() {
        return subject;
    }

    /** Returns the hash of the file's bytes. */
    String sha256() {
        return sha256;
    }

    int rank() {
        return values.required("r").intValue();
    }

    double alpha() {
        return values.required("lora_alpha").doubleValue();
    }

    double dropout() {
        return values.required("lora_dropout").doubleValue();
    }

    /** Returns a builder with everything but the targets. */
    LoraConfig.Builder builder() throws IOException {
        return new PeftOptionReader(subject, values)
                .applyTo(LoraConfig.builder().rank(rank()).alpha(alpha()).dropout(dropout()));
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(values.required(key).textValue());
    }

    /** Returns the keys that PEFT 0.21 does not have. */
    List<String> unknown() {
        return unknown;
    }

    /** Returns whether the configuration leaves open which modules are adapted. */
    boolean namesNoTargets() {
        return values.required("target_modules").isEmpty()
                && text("target_modules").isEmpty();
    }

    /**
     * Returns the targets without the excluded ones.
     *
     * @param fallback the modules that count as targets if none is named; may be empty
     */
    Targets targets(Set<String> fallback) throws IOException {
        try {
            Targets targets = namesNoTargets() ? exactly(fallback) : selection("target_modules");
            boolean excludes = !values.required("exclude_modules").isNull()
                    && !texts("exclude_modules").isEmpty();
            return excludes || text("exclude_modules").isPresent()
                    ? targets.exclude(selection("exclude_modules"))
                    : targets;
        } catch (IllegalArgumentException e) {
            throw new IOException(subject + ": " + e.getMessage(), e);
        }
    }

    private static Targets exactly(Set<String> modules) {
        return modules.isEmpty() ? Targets.none() : Targets.named(modules.toArray(String[]::new));
    }

    private Targets selection(String key) {
        Optional<String> text = text(key);
        if (text.isEmpty()) {
            return Targets.named(texts(key).toArray(String[]::new));
        }
        return text.get().toLowerCase(Locale.ROOT).equals("all-linear")
                ? Targets.allLinear()
                : Targets.regex(text.get());
    }

    private List<String> texts(String key) {
        List<String> texts = new ArrayList<>();
        values.required(key).forEach(element -> texts.add(element.textValue()));
        return texts;
    }

    private static void requireLora(String subject, ObjectNode given) throws IOException {
        JsonNode type = given.get("peft_type");
        if (type == null || !type.isTextual() || !type.textValue().equals("LORA")) {
            throw new IOException(subject + ": 'peft_type' is " + (type == null ? "missing" : type)
                    + ", expected \"LORA\"; other kinds of adapters can't be read.");
        }
    }

    private void requireSupported() throws IOException {
        List<String> unsupported = PeftOption.unsupported(values);
        JsonNode start = values.required("init_lora_weights");
        if (start.isTextual() && !isKnown(start.textValue().toLowerCase(Locale.ROOT))) {
            unsupported.add("init_lora_weights = " + start + " (which changes the base)");
        }
        if (!unsupported.isEmpty()) {
            throw new IOException(subject + " asks for what this library lacks: " + String.join(", ", unsupported)
                    + "; expected LoRA with the options of LoraConfig. Merge or convert the adapter with PEFT first.");
        }
        if (!values.required("r").canConvertToInt() || rank() < 1) {
            throw new IOException(subject + ": 'r' is " + values.get("r") + ", expected a whole number of at least 1.");
        }
    }

    private static boolean isKnown(String start) {
        return HARMLESS_STARTS.contains(start) || PeftOptionReader.STARTS.containsKey(start);
    }
}
