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
    LIST_OR_NULL("a list or null", node -> node.isNull() || node.isArray()),
    LIST_OBJECT_OR_NULL("a list, an object or null", node -> node.isNull() || node.isContainerNode()),
    INTEGERS_OR_NULL("a whole number, a list or null", node -> node.isNull() || node.isInt() || node.isArray()),
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
        if (!node.isArray()) {
            return false;
        }
        for (JsonNode element : node) {
            if (!element.isTextual()) {
                return false;
            }
        }
        return true;
    }
}
