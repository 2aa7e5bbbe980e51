package dev.loraplus.io;

import dev.loraplus.ModulePath;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Names the tensors of a PEFT adapter. */
final class PeftKeys {
    private static final String PREFIX = "base_model.model.";
    private static final String A_SUFFIX = ".lora_A.weight";
    private static final String B_SUFFIX = ".lora_B.weight";

    private PeftKeys() {}

    /** Returns the key of A<sup>T</sup> {@code [r, nIn]}. */
    static String a(String weight) {
        return PREFIX + ModulePath.of(weight) + A_SUFFIX;
    }

    /** Returns the key of B<sup>T</sup> {@code [nOut, r]}. */
    static String b(String weight) {
        return PREFIX + ModulePath.of(weight) + B_SUFFIX;
    }

    /** Returns the key of a fully trained variable. */
    static String saved(String variable) {
        return PREFIX + ModulePath.dotted(variable);
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
            if (key.startsWith(PREFIX) && module(key).isEmpty()) {
                variables.add(key.substring(PREFIX.length()));
            }
        }
        return Collections.unmodifiableSet(variables);
    }

    /** Returns the keys of what is neither a variable nor a factor of a linear module, for example of embeddings. */
    static List<String> unsupported(Collection<String> keys) {
        return keys.stream()
                .filter(key -> key.contains(".lora_") && module(key).isEmpty())
                .toList();
    }

    private static Optional<String> module(String key) {
        if (!key.startsWith(PREFIX) || !(key.endsWith(A_SUFFIX) || key.endsWith(B_SUFFIX))) {
            return Optional.empty();
        }
        int end = key.length() - A_SUFFIX.length();
        return end > PREFIX.length() ? Optional.of(key.substring(PREFIX.length(), end)) : Optional.empty();
    }
}
