package dev.loraplus.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Describes the shape of a BERT encoder with a classification head, by the quantities of a Hugging Face
 * {@code config.json}.
 *
 * @param hiddenSize width H of every token, a multiple of {@code heads}
 * @param layers number of encoder layers
 * @param heads attention heads in a layer
 * @param intermediateSize width of the feed-forward block
 * @param vocabSize rows of the word embeddings
 * @param maxPositions rows of the position embeddings, the longest text in tokens
 * @param tokenTypes rows of the token type embeddings
 * @param layerNormEps what LayerNorm adds to the variance, {@code > 0}
 * @param labels number of classes
 * @since 0.1.0
 */
public record BertConfig(
        int hiddenSize,
        int layers,
        int heads,
        int intermediateSize,
        int vocabSize,
        int maxPositions,
        int tokenTypes,
        double layerNormEps,
        int labels) {

    /** The number of labels that transformers takes where a file names none. */
    private static final int DEFAULT_LABELS = 2;

    /**
     * Checks the quantities.
     *
     * @throws IllegalArgumentException if one is out of range; the message lists all that are
     */
    public BertConfig {
        List<String> problems = new ArrayList<>();
        atLeastOne(problems, "hidden_size", hiddenSize);
        atLeastOne(problems, "num_hidden_layers", layers);
        atLeastOne(problems, "num_attention_heads", heads);
        atLeastOne(problems, "intermediate_size", intermediateSize);
        atLeastOne(problems, "vocab_size", vocabSize);
        atLeastOne(problems, "max_position_embeddings", maxPositions);
        atLeastOne(problems, "type_vocab_size", tokenTypes);
        atLeastOne(problems, "number of labels", labels);
        if (!(layerNormEps > 0)) {
            problems.add("layer_norm_eps must be > 0, got " + layerNormEps);
        }
        if (heads > 0 && hiddenSize % heads != 0) {
            problems.add("hidden_size must be a multiple of num_attention_heads = " + heads + ", got " + hiddenSize);
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("Not a BERT configuration: " + String.join("; ", problems) + ".");
        }
    }

    /** Returns the width of one attention head. */
    public int headSize() {
        return hiddenSize / heads;
    }

    /** Returns a copy for {@code classes} classes. */
    public BertConfig withLabels(int classes) {
        return new BertConfig(
                hiddenSize,
                layers,
                heads,
                intermediateSize,
                vocabSize,
                maxPositions,
                tokenTypes,
                layerNormEps,
                classes);
    }

    /**
     * Reads a Hugging Face {@code config.json}.
     *
     * <p>The number of labels is {@code num_labels}, else the size of {@code id2label}, else 2.
     *
     * @throws IOException if the file cannot be read, is no JSON object, or describes anything but a BERT with absolute
     *     positions and exact GELU; the message lists every problem
     */
    public static BertConfig read(Path file) throws IOException {
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        List<String> problems = new ArrayList<>();
        mustBe(problems, json, "model_type", "bert", "");
        mustBe(problems, json, "hidden_act", "gelu", "gelu");
        mustBe(problems, json, "position_embedding_type", "absolute", "absolute");
        int[] sizes =
                SIZES.stream().mapToInt(name -> positive(problems, json, name)).toArray();
        if (!problems.isEmpty()) {
            throw new IOException("Cannot build a BERT from '" + file + "': " + String.join("; ", problems) + ".");
        }
        double eps = json.path("layer_norm_eps").asDouble(1e-12);
        try {
            return new BertConfig(
                    sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], eps, labels(json));
        } catch (IllegalArgumentException e) {
            throw new IOException("Cannot build a BERT from '" + file + "'. " + e.getMessage(), e);
        }
    }

    private static final List<String> SIZES = List.of(
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "vocab_size",
            "max_position_embeddings",
            "type_vocab_size");

    private static int labels(JsonNode json) {
        JsonNode names = json.path("id2label");
        return json.path("num_labels").asInt(names.isObject() ? names.size() : DEFAULT_LABELS);
    }

    private static void mustBe(List<String> problems, JsonNode json, String name, String expected, String absent) {
        String got = json.path(name).asText(absent);
        if (!got.equals(expected)) {
            problems.add("'" + name + "' must be \"" + expected + "\", got \"" + got + "\"");
        }
    }

    private static int positive(List<String> problems, JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.canConvertToInt() || value.asInt() < 1) {
            problems.add("'" + name + "' must be an integer >= 1, got " + (value.isMissingNode() ? "nothing" : value));
        }
        return value.asInt();
    }

    private static void atLeastOne(List<String> problems, String name, int value) {
        if (value < 1) {
            problems.add(name + " must be >= 1, got " + value);
        }
    }
}
