package dev.loraplus.io;

import dev.loraplus.ModulePath;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Maps names of variables to the keys of {@code adapter_model.safetensors} and back. */
final class PeftKeys {
    private static final String PREFIX = "base_model.model.";
    private static final String A_SUFFIX = ".lora_A.weight";
    private static final String B_SUFFIX = ".lora_B.weight";
    private static final String EMBEDDING_A_SUFFIX = ".lora_embedding_A";
    private static final String EMBEDDING_B_SUFFIX = ".lora_embedding_B";
    private static final String B_BIAS_SUFFIX = ".lora_B.bias";
    private static final String MAGNITUDE_SUFFIX = ".lora_magnitude_vector";
    private static final String BASE_BIAS_SUFFIX = ".base_layer.bias";
    private static final List<String> SUFFIXES =
            List.of(A_SUFFIX, B_SUFFIX, EMBEDDING_A_SUFFIX, EMBEDDING_B_SUFFIX, B_BIAS_SUFFIX, MAGNITUDE_SUFFIX);
    private static final List<String> COPIES = List.of(".modules_to_save.", ".original_module.");

    private PeftKeys() {}

    /** Returns the key of A. */
    static String a(String weight, FactorLayout layout) {
        return module(weight, layout.isEmbedding() ? EMBEDDING_A_SUFFIX : A_SUFFIX);
    }

    /** Returns the key of B. */
    static String b(String weight, FactorLayout layout) {
        return module(weight, layout.isEmbedding() ? EMBEDDING_B_SUFFIX : B_SUFFIX);
    }

    /** Returns the key of the bias of B {@code [nOut]}. */
    static String biasOfB(String weight) {
        return module(weight, B_BIAS_SUFFIX);
    }

    /** Returns the key of DoRA's magnitudes. */
    static String magnitude(String weight) {
        return module(weight, MAGNITUDE_SUFFIX);
    }

    /**
     * Returns the key of a trained variable of the base.
     *
     * @param biasOf the adapted weight whose bias it is, if it is one
     */
    static String saved(String variable, @Nullable String biasOf) {
        return biasOf == null ? PREFIX + ModulePath.dotted(variable) : module(biasOf, BASE_BIAS_SUFFIX);
    }

    /** Returns the module paths that {@code keys} hold factors of. */
    static Set<String> modules(Collection<String> keys) {
        Set<String> modules = new LinkedHashSet<>();
        keys.forEach(key -> module(key).ifPresent(modules::add));
        return Collections.unmodifiableSet(modules);
    }

    /** Returns the dotted names of the variables other than factors that {@code keys} hold. */
    static Set<String> variables(Collection<String> keys) {
        Set<String> variables = new LinkedHashSet<>();
        for (String key : keys) {
            if (key.startsWith(PREFIX) && module(key).isEmpty() && !isCopy(key)) {
                variables.add(key.substring(PREFIX.length()));
            }
        }
        return Collections.unmodifiableSet(variables);
    }

    /** Returns the keys of what is neither a variable nor part of an adapted module. */
    static List<String> unsupported(Collection<String> keys) {
        return keys.stream()
                .filter(key -> key.contains(".lora_") && module(key).isEmpty())
                .toList();
    }

    /** Returns whether PEFT wrote a key beside the one that counts, as it does where it trains all biases. */
    static boolean isCopy(String key) {
        return key.endsWith(".bias") && COPIES.stream().anyMatch(key::contains);
    }

    private static String module(String weight, String suffix) {
        return PREFIX + ModulePath.of(weight) + suffix;
    }

    private static Optional<String> module(String key) {
        return SUFFIXES.stream()
                .filter(suffix -> key.startsWith(PREFIX)
                        && key.endsWith(suffix)
                        && key.length() > PREFIX.length() + suffix.length())
                .map(suffix -> key.substring(PREFIX.length(), key.length() - suffix.length()))
                .findFirst();
    }
}
