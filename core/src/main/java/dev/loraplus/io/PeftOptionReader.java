package dev.loraplus.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Turns the options of {@code adapter_config.json}, whose types are right, into those of a {@link LoraConfig}. */
final class PeftOptionReader {
    /** PEFT's names for start values, where they aren't our standard. */
    static final Map<String, Initialization> STARTS = Map.of(
            "gaussian", Initialization.GAUSSIAN,
            "orthogonal", Initialization.ORTHOGONAL,
            "pissa", Initialization.PISSA,
            "olora", Initialization.OLORA);

    private final String subject;
    private final ObjectNode values;

    PeftOptionReader(String subject, ObjectNode values) {
        this.subject = subject;
        this.values = values;
    }

    /**
     * Sets all options but rank, alpha, dropout and targets.
     *
     * @throws IOException if a bias has an unknown name
     * @throws IllegalArgumentException if a pattern is malformed
     */
    LoraConfig.Builder applyTo(LoraConfig.Builder builder) throws IOException {
        builder.rsLora(flag("use_rslora"))
                .dora(flag("use_dora"))
                .loraBias(flag("lora_bias"))
                .bias(bias())
                .initialization(STARTS.getOrDefault(
                        values.required("init_lora_weights").asText().toLowerCase(Locale.ROOT),
                        Initialization.A_RANDOM_B_ZERO))
                .layersToTransform(integers())
                .layersPattern(texts("layers_pattern"))
                .modulesToSave(texts("modules_to_save"));
        values.required("rank_pattern")
                .properties()
                .forEach(entry ->
                        builder.rankPattern(entry.getKey(), entry.getValue().intValue()));
        values.required("alpha_pattern")
                .properties()
                .forEach(entry ->
                        builder.alphaPattern(entry.getKey(), entry.getValue().doubleValue()));
        return builder;
    }

    private boolean flag(String key) {
        return values.required(key).booleanValue();
    }

    private Bias bias() throws IOException {
        String text = values.required("bias").textValue();
        return Arrays.stream(Bias.values())
                .filter(bias -> name(bias).equals(text))
                .findFirst()
                .orElseThrow(() -> new IOException(
                        subject + ": 'bias' is \"" + text + "\", expected \"none\", \"all\" or \"lora_only\"."));
    }

    /** Returns what PEFT calls a bias. */
    static String name(Bias bias) {
        return bias.name().toLowerCase(Locale.ROOT);
    }

    private int[] integers() {
        JsonNode node = values.required("layers_to_transform");
        if (node.isIntegralNumber()) {
            return new int[] {node.intValue()};
        }
        List<Integer> integers = new ArrayList<>();
        node.forEach(element -> integers.add(element.intValue()));
        return integers.stream().mapToInt(Integer::intValue).toArray();
    }

    private String[] texts(String key) {
        JsonNode node = values.required(key);
        if (node.isTextual()) {
            return new String[] {node.textValue()};
        }
        List<String> texts = new ArrayList<>();
        node.forEach(element -> texts.add(element.textValue()));
        return texts.toArray(String[]::new);
    }
}
