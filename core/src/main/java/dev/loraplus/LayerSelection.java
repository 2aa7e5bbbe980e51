package dev.loraplus;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Selects modules by the index of the layer they are in, as PEFT's {@code check_target_module_exists}: the first number
 * between dots that follows a name, or one of the patterns.
 *
 * @param indices the layers to take; empty takes every module
 * @param patterns regular expressions for what stands before the number; empty lets anything stand there
 */
record LayerSelection(List<Integer> indices, List<String> patterns) {
    static final LayerSelection ALL = new LayerSelection(List.of(), List.of());
    private static final BoundedRegex ANY = BoundedRegex.of("layersToTransform", ".*?\\.[^.]*\\.(?<idx>\\d+)\\.");

    LayerSelection {
        indices = List.copyOf(indices);
        patterns = List.copyOf(patterns);
    }

    void check(Targets targets) {
        for (int index : indices) {
            if (index < 0) {
                throw new IllegalArgumentException("layersToTransform must be at least 0, got " + index + ".");
            }
        }
        if (indices.isEmpty() && !patterns.isEmpty()) {
            throw new IllegalArgumentException("layersPattern = " + patterns
                    + " has no effect without layersToTransform; name the layers, or drop layersPattern.");
        }
        if (!indices.isEmpty() && targets.hasRegex()) {
            throw new IllegalArgumentException(
                    "layersToTransform = " + indices + " can't be used with targets " + targets
                            + ", as in PEFT: a regular expression says itself which layers; use Targets.named, or drop it.");
        }
        patterns.forEach(LayerSelection::requireRegex);
    }

    boolean includes(String module) {
        return indices.isEmpty() || index(module).stream().anyMatch(indices::contains);
    }

    private OptionalInt index(String module) {
        Stream<BoundedRegex> candidates =
                patterns.isEmpty() ? Stream.of(ANY) : patterns.stream().map(LayerSelection::before);
        return candidates
                .flatMap(pattern -> pattern.groupAtStart(module, "idx").stream())
                .mapToInt(Integer::parseInt)
                .findFirst();
    }

    private static BoundedRegex before(String pattern) {
        return BoundedRegex.of("layersPattern", "(?:^|.*?\\.)" + pattern + "\\.(?<idx>\\d+)\\.");
    }

    private static void requireRegex(String pattern) {
        if (pattern.isBlank()) {
            throw new IllegalArgumentException("layersPattern must have names or regular expressions, got a blank.");
        }
        before(pattern);
    }
}
