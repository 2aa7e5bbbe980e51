package dev.loraplus.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import java.util.Collection;

/** Formats {@code adapter_config.json} as Python's {@code json.dumps(indent=2, sort_keys=True)} does. */
final class PeftConfigWriter {
    private static final ObjectWriter PYTHON_STYLE = JsonMapper.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .build()
            .writer(printer());

    private PeftConfigWriter() {}

    static String format(Adapter adapter) {
        LoraConfig config = adapter.config();
        ObjectNode values = PeftOption.defaults();
        values.put("r", config.rank());
        values.put("lora_dropout", config.dropout());
        put(values, "lora_alpha", config.alpha());
        putOptions(values, config);
        fill(
                values.putArray("target_modules"),
                adapter.factors().keySet().stream().map(ModulePath::of).toList());
        if (!config.modulesToSave().isEmpty()) {
            fill(values.putArray("modules_to_save"), config.modulesToSave());
        }
        for (String key : PeftAdapterFile.DESCRIPTIVE_KEYS) {
            String value = adapter.provenance().get(key);
            if (value != null) {
                values.put(key, value);
            }
        }
        try {
            return PYTHON_STYLE.writeValueAsString(values);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("The adapter's configuration can't be written as JSON: " + values, e);
        }
    }

    private static void putOptions(ObjectNode values, LoraConfig config) {
        values.put("use_rslora", config.rsLora());
        values.put("use_dora", config.dora());
        values.put("lora_bias", config.loraBias());
        values.put("bias", PeftOptionReader.name(config.bias()));
        config.rankPattern().forEach(values.putObject("rank_pattern")::put);
        ObjectNode alphas = values.putObject("alpha_pattern");
        config.alphaPattern().forEach((pattern, alpha) -> put(alphas, pattern, alpha));
        if (!config.layersToTransform().isEmpty()) {
            config.layersToTransform().forEach(values.putArray("layers_to_transform")::add);
        }
        if (!config.layersPattern().isEmpty()) {
            fill(values.putArray("layers_pattern"), config.layersPattern());
        }
        PeftOptionReader.STARTS.forEach((name, start) -> {
            if (start == config.initialization()) {
                values.put("init_lora_weights", name);
            }
        });
    }

    /** Puts a whole number where it is one, as Python does for what was given as one. */
    private static void put(ObjectNode values, String key, double value) {
        if (value == (int) value) {
            values.put(key, (int) value);
        } else {
            values.put(key, value);
        }
    }

    private static void fill(ArrayNode array, Collection<String> texts) {
        texts.forEach(array::add);
    }

    private static DefaultPrettyPrinter printer() {
        DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
        return new DefaultPrettyPrinter(Separators.createDefaultInstance()
                        .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                        .withObjectEmptySeparator("")
                        .withArrayEmptySeparator(""))
                .withObjectIndenter(indenter)
                .withArrayIndenter(indenter);
    }
}
