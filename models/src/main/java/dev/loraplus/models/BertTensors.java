package dev.loraplus.models;

import java.util.LinkedHashMap;
import java.util.Map;

/** Knows the names of BERT's tensors, PyTorch's, and their shapes in a graph: linear weights {@code [nIn, nOut]}. */
final class BertTensors {
    static final String WORDS = "bert.embeddings.word_embeddings";
    static final String POSITIONS = "bert.embeddings.position_embeddings";
    static final String TYPES = "bert.embeddings.token_type_embeddings";
    static final String EMBEDDINGS_NORM = "bert.embeddings.LayerNorm";
    static final String POOLER = "bert.pooler.dense";
    static final String CLASSIFIER = "classifier";

    private BertTensors() {}

    static String weight(String module) {
        return module + ".weight";
    }

    static String bias(String module) {
        return module + ".bias";
    }

    static String layer(int index, String module) {
        return "bert.encoder.layer." + index + "." + module;
    }

    /** Says whether PyTorch stores this tensor transposed to {@code x·W}, that is as {@code [nOut, nIn]}. */
    static boolean isLinearWeight(String name) {
        return name.endsWith(".weight") && !name.contains("embeddings.") && !name.contains("LayerNorm");
    }

    /** Returns every tensor's shape by name, in the order of the forward pass. */
    static Map<String, long[]> shapes(BertConfig config) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        long hidden = config.hiddenSize();
        shapes.put(weight(WORDS), new long[] {config.vocabSize(), hidden});
        shapes.put(weight(POSITIONS), new long[] {config.maxPositions(), hidden});
        shapes.put(weight(TYPES), new long[] {config.tokenTypes(), hidden});
        norm(shapes, EMBEDDINGS_NORM, hidden);
        for (int i = 0; i < config.layers(); i++) {
            linear(shapes, layer(i, "attention.self.query"), hidden, hidden);
            linear(shapes, layer(i, "attention.self.key"), hidden, hidden);
            linear(shapes, layer(i, "attention.self.value"), hidden, hidden);
            linear(shapes, layer(i, "attention.output.dense"), hidden, hidden);
            norm(shapes, layer(i, "attention.output.LayerNorm"), hidden);
            linear(shapes, layer(i, "intermediate.dense"), hidden, config.intermediateSize());
            linear(shapes, layer(i, "output.dense"), config.intermediateSize(), hidden);
            norm(shapes, layer(i, "output.LayerNorm"), hidden);
        }
        linear(shapes, POOLER, hidden, hidden);
        linear(shapes, CLASSIFIER, hidden, config.labels());
        return shapes;
    }

    private static void linear(Map<String, long[]> shapes, String module, long in, long out) {
        shapes.put(weight(module), new long[] {in, out});
        shapes.put(bias(module), new long[] {out});
    }

    private static void norm(Map<String, long[]> shapes, String module, long width) {
        shapes.put(weight(module), new long[] {width});
        shapes.put(bias(module), new long[] {width});
    }
}
