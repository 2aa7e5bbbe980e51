package dev.loraplus.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Describes one key of {@code adapter_config.json} as PEFT 0.21 writes it.
 *
 * @param key its name
 * @param standard PEFT's default
 * @param type what it may hold
 * @param mustBeOff whether any other value than "off" asks for something that this library lacks
 */
record PeftOption(String key, JsonNode standard, PeftType type, boolean mustBeOff) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final JsonNode NULL = JSON.nullNode();
    private static final JsonNode FALSE = JSON.booleanNode(false);
    private static final JsonNode TRUE = JSON.booleanNode(true);
    private static final JsonNode EMPTY = JSON.objectNode();

    /** All keys of PEFT 0.21, sorted. */
    static final List<PeftOption> ALL = List.of(
            off("alora_invocation_tokens", NULL, PeftType.LIST_OR_NULL),
            used("alpha_pattern", EMPTY, PeftType.NUMBERS_BY_NAME),
            off("arrow_config", NULL, PeftType.OBJECT_OR_NULL),
            used("auto_mapping", NULL, PeftType.OBJECT_OR_NULL),
            used("base_model_name_or_path", NULL, PeftType.TEXT_OR_NULL),
            used("bias", JSON.textNode("none"), PeftType.TEXT),
            used("corda_config", NULL, PeftType.OBJECT_OR_NULL),
            off("ensure_weight_tying", FALSE, PeftType.FLAG),
            used("eva_config", NULL, PeftType.OBJECT_OR_NULL),
            used("exclude_modules", NULL, PeftType.NAMES_OR_NULL),
            used("fan_in_fan_out", FALSE, PeftType.FLAG),
            used("inference_mode", TRUE, PeftType.FLAG),
            used("init_lora_weights", TRUE, PeftType.FLAG_OR_TEXT),
            off("kasa_config", NULL, PeftType.OBJECT_OR_NULL),
            off("layer_replication", NULL, PeftType.LIST_OR_NULL),
            used("layers_pattern", NULL, PeftType.NAMES_OR_NULL),
            used("layers_to_transform", NULL, PeftType.INTEGERS_OR_NULL),
            used("loftq_config", EMPTY, PeftType.OBJECT_OR_NULL),
            used("lora_alpha", JSON.numberNode(8), PeftType.NUMBER),
            used("lora_bias", FALSE, PeftType.FLAG),
            used("lora_dropout", JSON.numberNode(0.0), PeftType.NUMBER),
            used("lora_ga_config", NULL, PeftType.OBJECT_OR_NULL),
            off("megatron_config", NULL, PeftType.OBJECT_OR_NULL),
            used("megatron_core", JSON.textNode("megatron.core"), PeftType.TEXT_OR_NULL),
            used("modules_to_save", NULL, PeftType.TEXTS_OR_NULL),
            off("monteclora_config", NULL, PeftType.OBJECT_OR_NULL),
            used("peft_type", JSON.textNode("LORA"), PeftType.TEXT),
            used("peft_version", JSON.textNode("0.21.2"), PeftType.TEXT_OR_NULL),
            used("qalora_group_size", JSON.numberNode(16), PeftType.INTEGER),
            used("r", JSON.numberNode(8), PeftType.INTEGER),
            used("rank_pattern", EMPTY, PeftType.INTEGERS_BY_NAME),
            used("revision", NULL, PeftType.TEXT_OR_NULL),
            used("target_modules", NULL, PeftType.NAMES_OR_NULL),
            off("target_parameters", NULL, PeftType.LIST_OR_NULL),
            used("task_type", NULL, PeftType.TEXT_OR_NULL),
            off("trainable_token_indices", NULL, PeftType.LIST_OBJECT_OR_NULL),
            off("use_bdlora", NULL, PeftType.OFF_OR_OBJECT),
            used("use_dora", FALSE, PeftType.FLAG),
            off("use_qalora", FALSE, PeftType.FLAG),
            used("use_rslora", FALSE, PeftType.FLAG),
            off("velora_config", NULL, PeftType.OBJECT_OR_NULL));

    /** Returns PEFT's default for every key. */
    static ObjectNode defaults() {
        ObjectNode defaults = JSON.objectNode();
        ALL.forEach(option -> defaults.set(option.key, option.standard.deepCopy()));
        return defaults;
    }

    /** Returns every value of {@code config} that has the wrong type, in words. */
    static List<String> wrongTypes(ObjectNode config) {
        List<String> wrong = new ArrayList<>();
        for (PeftOption option : ALL) {
            JsonNode value = config.get(option.key);
            if (value != null && !option.type.holds(value)) {
                wrong.add("'" + option.key + "' is " + value + ", expected " + option.type.words());
            }
        }
        return wrong;
    }

    /** Returns every value of {@code config} that asks for what this library lacks, as {@code key = value}. */
    static List<String> unsupported(ObjectNode config) {
        List<String> unsupported = new ArrayList<>();
        for (PeftOption option : ALL) {
            JsonNode value = config.get(option.key);
            if (value != null && option.mustBeOff && !option.isOff(value)) {
                unsupported.add(option.key + " = " + value);
            }
        }
        return unsupported;
    }

    private boolean isOff(JsonNode value) {
        return value.equals(standard)
                || value.isNull()
                || (value.isBoolean() && !value.booleanValue())
                || (value.isContainerNode() && value.isEmpty());
    }

    private static PeftOption used(String key, JsonNode standard, PeftType type) {
        return new PeftOption(key, standard, type, false);
    }

    private static PeftOption off(String key, JsonNode standard, PeftType type) {
        return new PeftOption(key, standard, type, true);
    }
}
