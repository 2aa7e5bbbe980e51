package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import java.util.ArrayList;
import java.util.List;

/** Refuses the options of a configuration that networks lack. */
final class PlainOptions {
    private PlainOptions() {}

    /**
     * Checks that a configuration asks for plain LoRA.
     *
     * @throws IllegalArgumentException if it asks for more; the message names all such options
     */
    static void require(LoraConfig config) {
        List<String> more = new ArrayList<>();
        add(more, config.initialization().changesBase(), "initialization = " + config.initialization());
        if (!more.isEmpty()) {
            throw new IllegalArgumentException(
                    "Networks of layers have no " + String.join(", ", more) + "; SameDiff graphs do. Leave them out.");
        }
    }

    private static void add(List<String> more, boolean set, String option) {
        if (set) {
            more.add(option);
        }
    }
}
