package dev.loraplus.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.StreamSupport;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What several tests share: files beside the tests, random tiny models, gradients without ND4J's printing. */
final class Fixture {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Fixture() {}

    static Path resource(String name) {
        try {
            return Path.of(Objects.requireNonNull(Fixture.class.getResource("/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("Resource '" + name + "' has no path.", e);
        }
    }

    static JsonNode json(Path file) throws IOException {
        return JSON.readTree(file.toFile());
    }

    /** Returns the array of that name, which must be there. */
    static INDArray get(Map<String, INDArray> arrays, String name) {
        return Objects.requireNonNull(arrays.get(name), name);
    }

    static double[] doubles(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    /** Returns the placeholders of the batch in an {@code expected.json}, one-hot labels among them. */
    static Map<String, INDArray> batch(JsonNode expected, int labels, DataType type) {
        int[][] ids = JSON.convertValue(expected.get("input_ids"), int[][].class);
        int[][] mask = JSON.convertValue(expected.get("attention_mask"), int[][].class);
        double[] classes = doubles(expected.get("labels"));
        INDArray oneHot = Nd4j.zeros(type, classes.length, labels);
        for (int i = 0; i < classes.length; i++) {
            oneHot.putScalar(i, (int) classes[i], 1);
        }
        return new HashMap<>(Map.of(
                Bert.INPUT_IDS, Nd4j.createFromArray(ids),
                Bert.ATTENTION_MASK, Nd4j.createFromArray(mask).castTo(type),
                Bert.LABELS, oneHot));
    }

    /** Returns random weights, far from the small ones of a new model. */
    static BertWeights random(BertConfig config, DataType type, long seed) {
        Random random = new Random(seed);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        BertTensors.shapes(config).forEach((name, shape) -> {
            INDArray array = Nd4j.create(type, shape);
            for (long i = 0; i < array.length(); i++) {
                array.putScalar(i, 0.5 * random.nextGaussian());
            }
            tensors.put(name, array);
        });
        return BertWeights.of(config, tensors);
    }

    static Map<String, INDArray> gradients(SameDiff sd, Map<String, INDArray> placeholders, List<String> names) {
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            return sd.calculateGradients(placeholders, names);
        } finally {
            System.setOut(out);
        }
    }
}
