package dev.loraplus;

import java.util.List;
import java.util.Optional;
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
    private static final String INDEX = "\\.(?<idx>\\d+)\\.";
    private static final String ANY = ".*?\\.[^.]*";

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
        return indices.isEmpty()
                || index(module)
                        .filter(index -> indices.stream().anyMatch(i -> index.equals(Integer.toString(i))))
                        .isPresent();
    }

    /** Returns the index of the layer that a module is in, without leading zeros. */
    private Optional<String> index(String module) {
        Stream<BoundedRegex> expressions = patterns.isEmpty()
                ? Stream.of(BoundedRegex.of("layersPattern", ANY + INDEX))
                : patterns.stream().map(LayerSelection::before);
        return expressions
                .map(expression -> expression.group("idx", module))
                .flatMap(Optional::stream)
                .map(digits -> digits.replaceFirst("^0+(?=.)", ""))
                .findFirst();
    }

    private static BoundedRegex before(String pattern) {
        return BoundedRegex.of("layersPattern", "(?:^|.*?\\.)" + pattern + INDEX);
    }

    private static void requireRegex(String pattern) {
        if (pattern.isBlank()) {
            throw new IllegalArgumentException("layersPattern must have names or regular expressions, got a blank.");
        }
        BoundedRegex.of("layersPattern", pattern);
        before(pattern);
    }
}
