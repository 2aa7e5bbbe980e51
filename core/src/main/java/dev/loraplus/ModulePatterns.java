package dev.loraplus;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Gives modules values of their own by regular expressions, the first that fits a module first, as PEFT's
 * {@code get_pattern_key}: {@code re.match("(.*\\.)?(key)$", module)}. Immutable.
 */
final class ModulePatterns<T> {
    private final Map<String, T> values;
    private final Map<String, BoundedRegex> compiled = new LinkedHashMap<>();

    private ModulePatterns(Map<String, T> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        values.keySet().forEach(key -> compiled.put(key, BoundedRegex.of("pattern", around(key))));
    }

    static <T> ModulePatterns<T> none() {
        return new ModulePatterns<>(Map.of());
    }

    /** Returns these patterns and one more, which takes the place of an equal one. */
    ModulePatterns<T> and(String option, String key, T value) {
        if (key.isBlank()) {
            throw new IllegalArgumentException(option + " must have a regular expression, got a blank one.");
        }
        BoundedRegex.of(option, key);
        Map<String, T> more = new LinkedHashMap<>(values);
        more.put(key, value);
        return new ModulePatterns<>(more);
    }

    /** Returns the first pattern that fits a module path. */
    Optional<String> keyOf(String module) {
        return compiled.entrySet().stream()
                .filter(entry -> entry.getValue().matches(module))
                .map(Map.Entry::getKey)
                .findFirst();
    }

    T of(String module, T otherwise) {
        return keyOf(module).map(values::get).orElse(otherwise);
    }

    Map<String, T> values() {
        return values;
    }

    private static String around(String key) {
        return "(.*\\.)?(" + key + ")$";
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ModulePatterns<?> that
                && List.copyOf(values.entrySet()).equals(List.copyOf(that.values.entrySet()));
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
