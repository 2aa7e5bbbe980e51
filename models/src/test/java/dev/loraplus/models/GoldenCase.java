package dev.loraplus.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One case folder of reference values from PEFT. */
record GoldenCase(Path folder, JsonNode expected) {
    private static final String PREFIX = "base_model.model.";

    static GoldenCase read(Path folder) throws IOException {
        return new GoldenCase(
                folder,
                new ObjectMapper().readTree(folder.resolve("expected.json").toFile()));
    }

    String name() {
        return folder.getFileName().toString();
    }

    double number(String key) {
        return expected.path(key).asDouble();
    }

    Map<String, INDArray> batch(int classes) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(Bert.INPUT_IDS, matrix("input_ids").castTo(DataType.INT));
        batch.put(Bert.ATTENTION_MASK, matrix("attention_mask").castTo(DataType.FLOAT));
        INDArray labels = Nd4j.zeros(DataType.FLOAT, expected.path("labels").size(), classes);
        for (int i = 0; i < labels.rows(); i++) {
            labels.putScalar(i, expected.path("labels").get(i).asInt(), 1);
        }
        batch.put(Bert.LABELS, labels);
        return batch;
    }

    INDArray logits(String key) {
        JsonNode shape = expected.path("logits_shape");
        return Nd4j.createFromArray(numbers(expected.path(key)))
                .reshape('c', shape.get(0).asInt(), shape.get(1).asInt());
    }

    double[] losses() {
        return numbers(expected.path("losses"));
    }

    /** Returns group by parameter, parameters named as in our files. */
    Map<String, JsonNode> groups() {
        Map<String, JsonNode> groups = new LinkedHashMap<>();
        for (JsonNode group : expected.path("groups")) {
            for (JsonNode name : group.path("params")) {
                if (!isCopy(name.asText())) {
                    groups.put(fileName(name.asText()), group);
                }
            }
        }
        return groups;
    }

    Map<String, INDArray> gradients() throws IOException {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        Safetensors.read(folder.resolve("grads_step0.safetensors"))
                .tensors()
                .forEach((name, value) -> gradients.put(fileName(name), value));
        return gradients;
    }

    Map<String, INDArray> finalTensors() throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        Safetensors.read(folder.resolve("adapter_final/adapter_model.safetensors"))
                .tensors()
                .forEach((name, value) -> {
                    if (!isCopy(name)) {
                        tensors.put(fileName(name), value);
                    }
                });
        return tensors;
    }

    /** PEFT's name of a parameter in memory, without what is not in its files. */
    private static String fileName(String name) {
        String local = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
        String stored = local.replace(".modules_to_save.default", "").replace(".default", "");
        return stored.endsWith(".lora_magnitude_vector.weight")
                ? stored.substring(0, stored.length() - ".weight".length())
                : stored;
    }

    /** Where PEFT trains all biases it also writes and groups those of the head that a head to save stands in for. */
    private static boolean isCopy(String name) {
        return name.contains(".original_module.") || name.endsWith(".modules_to_save.bias");
    }

    boolean hasEmbedding() {
        return groups().keySet().stream().anyMatch(name -> name.contains(".lora_embedding_"));
    }

    private INDArray matrix(String key) {
        List<double[]> rows = new ArrayList<>();
        expected.path(key).forEach(row -> rows.add(numbers(row)));
        return Nd4j.createFromArray(rows.toArray(double[][]::new));
    }

    private static double[] numbers(JsonNode array) {
        double[] numbers = new double[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).asDouble();
        }
        return numbers;
    }
}
