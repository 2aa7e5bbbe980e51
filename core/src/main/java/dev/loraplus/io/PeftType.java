package dev.loraplus.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Predicate;

/** Says what a key of {@code adapter_config.json} may hold. */
@SuppressWarnings("ImmutableEnumChecker") // the predicates hold no state
enum PeftType {
    FLAG("true or false", JsonNode::isBoolean),
    INTEGER("a whole number", JsonNode::isIntegralNumber),
    NUMBER("a number", JsonNode::isNumber),
    TEXT("a text", JsonNode::isTextual),
    TEXT_OR_NULL("a text or null", node -> node.isNull() || node.isTextual()),
    TEXTS_OR_NULL("a list of texts or null", node -> node.isNull() || isTexts(node)),
    NAMES_OR_NULL("a list of texts, a text or null", node -> node.isNull() || node.isTextual() || isTexts(node)),
    OBJECT_OR_NULL("an object or null", node -> node.isNull() || node.isObject()),
    INTEGERS_BY_NAME("an object of whole numbers or null", node -> node.isNull() || isObjectOf(node, JsonNode::isInt)),
    NUMBERS_BY_NAME("an object of numbers or null", node -> node.isNull() || isObjectOf(node, JsonNode::isNumber)),
    LIST_OR_NULL("a list or null", node -> node.isNull() || node.isArray()),
    LIST_OBJECT_OR_NULL("a list, an object or null", node -> node.isNull() || node.isContainerNode()),
    INTEGERS_OR_NULL(
            "a whole number, a list of whole numbers or null",
            node -> node.isNull() || node.isInt() || isListOf(node, JsonNode::isInt)),
    FLAG_OR_TEXT("true, false or a text", node -> node.isBoolean() || node.isTextual()),
    OFF_OR_OBJECT("an object, true, false or null", node -> !node.isTextual() && !node.isNumber());

    private final String words;
    private final Predicate<JsonNode> holds;

    PeftType(String words, Predicate<JsonNode> holds) {
        this.words = words;
        this.holds = holds;
    }

    String words() {
        return words;
    }

    boolean holds(JsonNode node) {
        return holds.test(node);
    }

    private static boolean isTexts(JsonNode node) {
        return isListOf(node, JsonNode::isTextual);
    }

    private static boolean isListOf(JsonNode node, Predicate<JsonNode> holds) {
        return node.isArray() && allOf(node, holds);
    }

    private static boolean isObjectOf(JsonNode node, Predicate<JsonNode> holds) {
        return node.isObject() && allOf(node, holds);
    }

    private static boolean allOf(JsonNode node, Predicate<JsonNode> holds) {
        for (JsonNode element : node) {
            if (!holds.test(element)) {
                return false;
            }
        }
        return true;
    }
}
