package dev.loraplus.campaign;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Damages valid JSON so that it mostly stays JSON and tells something else. */
final class TextDamage {
    private static final int DEEP = 20_000;
    private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");
    private static final Pattern TEXT = Pattern.compile("\"[^\"]*\"");
    private static final List<String> NUMBERS = List.of(
            "-1",
            "0",
            "1",
            "2",
            "3",
            "0.5",
            "-0",
            "01",
            "1e3",
            "1e308",
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
            "2147483647",
            "2147483648",
            "4294967296",
            "9223372036854775807",
            "9223372036854775808",
            "9".repeat(900),
            "9".repeat(5_000));
    private static final List<String> TEXTS = List.of(
            "\"\"",
            "\" \"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"F16\"",
            "\"BF16\"",
            "\"F64\"",
            "\"I32\"",
            "\"U32\"",
            "\"C64\"",
            "\"all-linear\"",
            "\"ALL-LINEAR\"",
            "\"(.+.+)+\\\\1\\\\1!\"",
            "\"((){1000}){1000}\"",
            "\"[\"",
            "\".*\"",
            "\"" + "(".repeat(5_000) + "\"",
            "\"../../../secret\"",
            "\"LORA\"",
            "\"pissa\"",
            "\"eva\"",
            "\"" + "x".repeat(100_000) + "\"",
            "\"\n\"",
            "\"unfinished");
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "false",
            "[]",
            "{}",
            "[[]]",
            "[null]",
            "{\"a\":1}",
            "[\"\"]",
            "[\"a\",1]",
            "{\"\":\"\"}",
            "[0,0]",
            "[0]",
            "[-1,2]",
            "[4294967296,4294967296]",
            "[0,9223372036854775807]",
            "[1" + ",1".repeat(40) + "]",
            "[".repeat(DEEP),
            "[".repeat(DEEP) + "]".repeat(DEEP),
            "{\"a\":".repeat(DEEP) + "1" + "}".repeat(DEEP),
            "[\"" + "x\",\"".repeat(20_000) + "\"]");

    private final ObjectMapper mapper = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private final Random random;

    TextDamage(Random random) {
        this.random = random;
    }

    /** Returns a text that doesn't mean the same. */
    String apply(Damage damage, String json) {
        String damaged;
        do {
            damaged = switch (damage) {
                case ODD_NUMBER -> replaced(json, NUMBER, NUMBERS);
                case ODD_TEXT -> replaced(json, TEXT, TEXTS);
                default -> edited(damage, json);
            };
        } while (meansTheSame(json, damaged));
        return damaged;
    }

    /** Returns the text once for each key, nested ones too, and each odd value in its place, by what was done. */
    Map<String, String> everyOddValue(String json) {
        Map<String, String> damaged = new LinkedHashMap<>();
        List<String> odd =
                Stream.of(NUMBERS, TEXTS, VALUES).flatMap(List::stream).toList();
        try {
            ObjectNode root = (ObjectNode) mapper.readTree(json);
            for (ObjectNode object : objects(root)) {
                for (String key : List.copyOf(
                        object.properties().stream().map(Map.Entry::getKey).toList())) {
                    JsonNode intact = object.get(key);
                    for (int i = 0; i < odd.size(); i++) {
                        object.putRawValue(key, new RawValue(odd.get(i)));
                        damaged.put(
                                key + " of " + object.size() + " as odd value " + i, mapper.writeValueAsString(root));
                    }
                    object.set(key, intact);
                }
            }
            return damaged;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An intact file holds no JSON: " + json, e);
        }
    }

    private boolean meansTheSame(String json, String other) {
        try {
            return mapper.readTree(json).equals(mapper.readTree(other));
        } catch (JsonProcessingException e) {
            return false;
        }
    }

    private String replaced(String json, Pattern pattern, List<String> odd) {
        List<MatchResult> found = pattern.matcher(json).results().toList();
        MatchResult one = one(found);
        return json.substring(0, one.start()) + one(odd) + json.substring(one.end());
    }

    private String edited(Damage damage, String json) {
        try {
            ObjectNode root = (ObjectNode) mapper.readTree(json);
            ObjectNode object = one(objects(root));
            String key = one(new ArrayList<>(object.properties())).getKey();
            String duplicate = null;
            switch (damage) {
                case ODD_VALUE -> object.putRawValue(key, new RawValue(odd()));
                case RENAMED_KEY -> object.set(renamed(key), object.remove(key));
                case DUPLICATED_KEY -> duplicate = mapper.writeValueAsString(key) + ":" + object.get(key);
                case DELETED_KEY -> object.remove(key);
                case ADDED_KEY -> object.putRawValue(one(List.of("new", "", key + ".x")), new RawValue(odd()));
                case EXCHANGED_VALUES -> {
                    String other = one(new ArrayList<>(object.properties())).getKey();
                    JsonNode value = object.get(key);
                    object.set(key, object.get(other));
                    object.set(other, value);
                }
                default -> throw new IllegalStateException(damage + " is no damage to JSON.");
            }
            if (duplicate != null) {
                object.putRawValue("duplicate", new RawValue("0," + duplicate));
            }
            return mapper.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("An intact file holds no JSON: " + json, e);
        }
    }

    private String odd() {
        return one(one(List.of(NUMBERS, TEXTS, VALUES)));
    }

    private String renamed(String key) {
        return one(List.of(
                key.substring(0, key.length() / 2),
                key + "x",
                key.replace("lora_A", "lora_B"),
                key.replace("weight", "bias"),
                key.replace("base_model.", ""),
                key.toUpperCase(java.util.Locale.ROOT),
                ""));
    }

    private static List<ObjectNode> objects(ObjectNode root) {
        List<ObjectNode> objects = new ArrayList<>(List.of(root));
        for (JsonNode child : root) {
            if (child instanceof ObjectNode object && !object.isEmpty()) {
                objects.addAll(objects(object));
            }
        }
        return objects;
    }

    private <T> T one(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
