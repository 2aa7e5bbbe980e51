package dev.loraplus.network;

import dev.loraplus.Bias;
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
        add(more, !config.rankPattern().isEmpty(), "rankPattern");
        add(more, !config.alphaPattern().isEmpty(), "alphaPattern");
        add(more, !config.lambdaPattern().isEmpty(), "lambdaPattern");
        add(more, config.rsLora(), "rsLora");
        add(more, config.dora(), "dora");
        add(more, config.bias() != Bias.NONE, "bias");
        add(more, config.loraBias(), "loraBias");
        add(more, !config.layersToTransform().isEmpty(), "layersToTransform");
        add(more, config.embeddingRate().isPresent(), "embeddingRate");
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
