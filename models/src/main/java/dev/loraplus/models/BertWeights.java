package dev.loraplus.models;

import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds every tensor of a BERT with a classification head under the names of PyTorch's
 * {@code BertForSequenceClassification}, for example {@code bert.encoder.layer.0.attention.self.query.weight}.
 *
 * <p>Shapes: weights of linear layers {@code [nIn, nOut]} (transposed to PyTorch's, for {@code x·W}), biases
 * {@code [nOut]}, embedding tables {@code [rows, H]}. All tensors have one type, FLOAT or DOUBLE. Instances are always
 * complete. The arrays are not copied when they are handed in or out, so treat them as read-only; {@link Bert} copies
 * them.
 *
 * @since 0.1.0
 */
public final class BertWeights {
    /** A buffer of PyTorch's model that is no weight. */
    private static final String POSITION_IDS = "bert.embeddings.position_ids";

    private final BertConfig config;
    private final Map<String, INDArray> tensors;

    private BertWeights(BertConfig config, Map<String, INDArray> tensors) {
        this.config = config;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /**
     * Takes tensors that already have the names and shapes of this class.
     *
     * @throws IllegalArgumentException if a tensor is missing, misshaped, of another type than the others, or one that
     *     the configuration has no place for; the message lists all of them
     */
    public static BertWeights of(BertConfig config, Map<String, INDArray> tensors) {
        List<String> problems = problems(config, tensors);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("These tensors are not those of " + config + ": "
                    + String.join("; ", problems) + ". Check that weights and configuration belong together.");
        }
        Map<String, INDArray> ordered = new LinkedHashMap<>();
        BertTensors.shapes(config).keySet().forEach(name -> ordered.put(name, tensors.get(name)));
        return new BertWeights(config, ordered);
    }

    /**
     * Reads {@code config.json} and {@code model.safetensors} of a fine-tuned classifier in Hugging Face's layout.
     *
     * <p>Tensors of other heads are left out.
     *
     * @throws IOException if a file cannot be read, or the two do not describe one BERT classifier; the message lists
     *     every tensor at fault
     */
    public static BertWeights read(Path folder) throws IOException {
        return checked(folder, BertConfig.read(folder.resolve("config.json")), tensorsIn(folder));
    }

    /**
     * Reads {@code config.json} and {@code model.safetensors} of an encoder and gives it a new classification head.
     *
     * <p>The head's weight is drawn from a normal distribution with standard deviation 0.02, as transformers draws it, and
     * its bias is zero; so is the pooler if the file has none.
     *
     * @param labels number of classes, at least 1
     * @param seed decides what is drawn, on every machine alike
     * @throws IOException if a file cannot be read, or the two do not describe one BERT encoder
     */
    public static BertWeights read(Path folder, int labels, long seed) throws IOException {
        BertConfig config = BertConfig.read(folder.resolve("config.json")).withLabels(labels);
        return checked(folder, config, NewHead.on(tensorsIn(folder), config, seed));
    }

    /** Returns the shape of the model. */
    public BertConfig config() {
        return config;
    }

    /** Returns every tensor by name, in the order of the forward pass; the map cannot be changed. */
    public Map<String, INDArray> tensors() {
        return tensors;
    }

    /** Returns the type that all tensors have. */
    public DataType dataType() {
        return tensors.values().iterator().next().dataType();
    }

    /** Returns the tensors under the names of BertForSequenceClassification, where an encoder alone lacks the prefix. */
    static Map<String, INDArray> prefixed(Map<String, INDArray> tensors) {
        Map<String, INDArray> named = new LinkedHashMap<>();
        tensors.forEach((name, array) -> {
            boolean encoderAlone =
                    name.startsWith("embeddings.") || name.startsWith("encoder.") || name.startsWith("pooler.");
            named.put(encoderAlone ? "bert." + name : name, array);
        });
        return named;
    }

    private static BertWeights checked(Path folder, BertConfig config, Map<String, INDArray> tensors)
            throws IOException {
        try {
            return of(config, tensors);
        } catch (IllegalArgumentException e) {
            throw new IOException("Cannot read a BERT from '" + folder + "'. " + e.getMessage(), e);
        }
    }

    private static Map<String, INDArray> tensorsIn(Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        if (!Files.exists(file)) {
            throw new IOException("'" + folder + "' has no 'model.safetensors'. Save the model there in one piece with"
                    + " save_pretrained.");
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        prefixed(Safetensors.read(file).tensors()).forEach((name, array) -> {
            boolean transposed = BertTensors.isLinearWeight(name) && array.rank() == 2;
            tensors.put(name, transposed ? array.transpose().dup('c') : array);
        });
        return tensors;
    }

    private static List<String> problems(BertConfig config, Map<String, INDArray> tensors) {
        List<String> problems = new ArrayList<>();
        Map<String, long[]> shapes = BertTensors.shapes(config);
        INDArray first = tensors.get(shapes.keySet().iterator().next());
        DataType type = first == null ? DataType.FLOAT : first.dataType();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            problems.add("tensors must be FLOAT or DOUBLE, got " + type);
        }
        shapes.forEach((name, shape) -> {
            @Nullable INDArray array = tensors.get(name);
            if (array == null) {
                problems.add("'" + name + "' is missing");
            } else if (!Arrays.equals(array.shape(), shape)) {
                problems.add(
                        "'" + name + "' must be " + Arrays.toString(shape) + ", got " + Arrays.toString(array.shape()));
            } else if (array.dataType() != type) {
                problems.add("'" + name + "' must be " + type + " as the others, got " + array.dataType());
            }
        });
        tensors.keySet().stream()
                .filter(name -> name.startsWith("bert.") && !shapes.containsKey(name) && !name.equals(POSITION_IDS))
                .forEach(name -> problems.add("'" + name + "' has no place in it"));
        return problems;
    }
}
