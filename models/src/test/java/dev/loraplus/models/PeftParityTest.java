package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.ModulePath;
import dev.loraplus.optim.AdamW;
import dev.loraplus.optim.Assignment;
import dev.loraplus.optim.Grouping;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Compares a whole LoRA+ training with PEFT's, on full tensors, for every case folder under the directory that the
 * system property {@code loraplus.goldens} names (relative to where Maven was called; default: the test resources).
 */
class PeftParityTest {
    private static final double LOGITS = 1e-5;
    private static final double TENSORS = 1e-4;
    /**
     * After training: AdamW divides gradients that are nothing but rounding by their size. PEFT itself differs by up to
     * 5e-5 from one machine to another here, and by 3e-5 between FLOAT and DOUBLE.
     */
    private static final double TRAINED_LOGITS = 1e-4;
    /** Below this share of the largest gradient norm AdamW's direction is decided by rounding. */
    private static final double NEGLIGIBLE_GRADIENT = 1e-6;

    @TestFactory
    Stream<DynamicTest> peft() throws IOException {
        Path directory = directory();
        if (!Files.isDirectory(directory)) {
            throw new IOException("No directory of golden cases at " + directory + " (loraplus.goldens).");
        }
        List<Path> cases;
        try (Stream<Path> folders = Files.list(directory)) {
            cases = folders.filter(Files::isDirectory).sorted().toList();
        }
        if (cases.isEmpty()) {
            throw new IOException("No golden case in " + directory + " (loraplus.goldens).");
        }
        System.out.println("parity: " + cases.size() + " cases in " + directory);
        return cases.stream().map(folder -> dynamicTest(folder.getFileName().toString(), () -> compare(folder)));
    }

    private static Path directory() {
        String given = System.getProperty("loraplus.goldens");
        return given == null
                ? Path.of("src/test/resources/goldens").toAbsolutePath()
                : Path.of(System.getProperty("loraplus.calledFrom", "")).resolve(given);
    }

    private static void compare(Path folder) throws IOException {
        GoldenCase golden = GoldenCase.read(folder);
        BertWeights weights = BertWeights.read(folder.resolve("model"));
        SameDiff graph = Bert.classifier(weights);
        Map<String, INDArray> batch = golden.batch(weights.config().labels());
        double logits = worst(graph, batch, golden.logits("base_logits"));

        AdaptedGraph adapted = LoraPlus.load(graph, folder.resolve("adapter"), config -> withRates(config, golden));
        logits = Math.max(logits, worst(graph, batch, golden.logits("adapter_logits")));
        Map<String, Double> gradientErrors;
        double losses = 0;
        try (LoraTrainer trainer = trainer(adapted, golden)) {
            compareGroups(trainer, golden, fileNames(adapted));
            gradientErrors = errors(inFileLayout(trainer.gradients(batch), adapted), golden.gradients());
            for (double loss : golden.losses()) {
                losses = Math.max(losses, Math.abs(trainer.step(batch) - loss) / Math.abs(loss));
            }
        }
        double trained = worst(graph, batch, golden.logits("final_logits"));
        Map<String, Double> finalErrors = errors(inFileLayout(values(adapted), adapted), golden.finalTensors());
        adapted.merge();
        trained = Math.max(trained, worst(graph, batch, golden.logits("final_logits")));
        logits = Math.max(logits, worstOfPeftsOwn(weights, golden, batch));
        List<String> unheld = negligible(golden.gradients());
        double gradients = largest(gradientErrors, unheld);
        double tensors = largest(finalErrors, unheld);
        System.out.printf(
                Locale.ROOT,
                "parity %s logits %.1e trained %.1e gradients %.1e losses %.1e tensors %.1e (%d tensors)%s%n",
                golden.name(),
                logits,
                trained,
                gradients,
                losses,
                tensors,
                finalErrors.size(),
                unheld.isEmpty() ? "" : ", held to losses and logits only: " + unheld);
        assertThat(logits).as("logits").isLessThanOrEqualTo(LOGITS);
        assertThat(trained).as("logits after training").isLessThanOrEqualTo(TRAINED_LOGITS);
        assertThat(losses).as("losses, relative").isLessThanOrEqualTo(TENSORS);
        assertThat(gradients).as("gradients %s", gradientErrors).isLessThanOrEqualTo(TENSORS);
        assertThat(tensors).as("final tensors %s", finalErrors).isLessThanOrEqualTo(TENSORS);
    }

    /** The distance of the logits with the adapter that PEFT trained, attached and merged. */
    private static double worstOfPeftsOwn(BertWeights weights, GoldenCase golden, Map<String, INDArray> batch)
            throws IOException {
        SameDiff graph = Bert.classifier(weights);
        AdaptedGraph adapted = LoraPlus.load(graph, golden.folder().resolve("adapter_final"));
        double attached = worst(graph, batch, golden.logits("final_logits"));
        adapted.merge();
        return Math.max(attached, worst(graph, batch, golden.logits("final_logits")));
    }

    /** PEFT's files hold no rates; one for embeddings may be set only where there is one. */
    private static LoraConfig.Builder withRates(LoraConfig.Builder config, GoldenCase golden) {
        config.lambda(golden.number("loraplus_lr_ratio"));
        return golden.hasEmbedding() ? config.embeddingRate(golden.number("loraplus_lr_embedding")) : config;
    }

    private static LoraTrainer trainer(AdaptedGraph adapted, GoldenCase golden) {
        return LoraTrainer.builder(adapted)
                .eta(golden.number("lr"))
                .weightDecay(golden.number("loraplus_weight_decay"))
                .grouping(Grouping.REFERENCE)
                .optimizer(new AdamW(new AdamW.Config(
                        golden.expected().path("betas").get(0).asDouble(),
                        golden.expected().path("betas").get(1).asDouble(),
                        golden.number("eps"))))
                .build();
    }

    private static void compareGroups(LoraTrainer trainer, GoldenCase golden, Map<String, String> names) {
        Map<String, JsonNode> groups = golden.groups();
        Map<String, List<Double>> expected = new LinkedHashMap<>();
        groups.forEach((name, group) -> expected.put(
                name,
                List.of(group.path("lr").asDouble(), group.path("weight_decay").asDouble())));
        Map<String, List<Double>> got = new LinkedHashMap<>();
        for (Assignment assignment : trainer.groups().assignments()) {
            got.put(names.get(assignment.parameter().name()), List.of(assignment.rate(), assignment.decay()));
        }
        assertThat(got).as("rate and decay by parameter").isEqualTo(expected);
    }

    private static Map<String, INDArray> values(AdaptedGraph adapted) {
        Map<String, INDArray> values = new LinkedHashMap<>();
        adapted.parameters()
                .forEach(p -> values.put(
                        p.name(), adapted.graph().getVariable(p.name()).getArr()));
        return values;
    }

    /** Names and transposes as PyTorch has them: factors and matrices of linear layers are held transposed. */
    private static Map<String, INDArray> inFileLayout(Map<String, INDArray> values, AdaptedGraph adapted) {
        Map<String, Adapter.Saved> saved = adapted.adapter().saved();
        Map<String, String> names = fileNames(adapted);
        Map<String, INDArray> converted = new LinkedHashMap<>();
        values.forEach((name, value) -> {
            boolean transposed = value.rank() == 2
                    && (!saved.containsKey(name) || saved.get(name).transposed());
            converted.put(names.get(name), transposed ? value.transpose() : value);
        });
        return converted;
    }

    /** PEFT's names of all trained parameters, by ours. */
    private static Map<String, String> fileNames(AdaptedGraph adapted) {
        Map<String, String> names = new LinkedHashMap<>();
        for (TrainedParameter parameter : adapted.parameters()) {
            String name = parameter.name();
            Adapter.Saved saved = adapted.adapter().saved().get(name);
            names.put(
                    name,
                    saved != null && saved.biasOf() != null
                            ? ModulePath.of(saved.biasOf()) + ".base_layer.bias"
                            : saved != null ? ModulePath.dotted(name) : factorName(parameter));
        }
        return names;
    }

    private static String factorName(TrainedParameter parameter) {
        String module = ModulePath.of(parameter.name().replaceFirst("\\.lora_[A-Za-z]+$", ""));
        return module
                + switch (parameter.kind()) {
                    case FACTOR_A -> ".lora_A.weight";
                    case FACTOR_B -> ".lora_B.weight";
                    case EMBEDDING_A -> ".lora_embedding_A";
                    case EMBEDDING_B -> ".lora_embedding_B";
                    case FACTOR_B_BIAS -> ".lora_B.bias";
                    case MAGNITUDE, CONV_MAGNITUDE -> ".lora_magnitude_vector";
                    default -> throw new AssertionError("not part of an adapter: " + parameter);
                };
    }

    private static double worst(SameDiff graph, Map<String, INDArray> batch, INDArray expected) {
        return graph.output(batch, Bert.LOGITS)
                .get(Bert.LOGITS)
                .castTo(expected.dataType())
                .sub(expected)
                .amaxNumber()
                .doubleValue();
    }

    /** Relative L2 distance by tensor; both sides must hold the same tensors. */
    private static Map<String, Double> errors(Map<String, INDArray> got, Map<String, INDArray> expected) {
        assertThat(got.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        Map<String, Double> errors = new LinkedHashMap<>();
        expected.forEach((name, tensor) -> {
            assertThat(got.get(name).shape()).as(name).isEqualTo(tensor.shape());
            double norm = tensor.norm2Number().doubleValue();
            double distance = got.get(name).sub(tensor).norm2Number().doubleValue();
            errors.put(name, distance / Math.max(norm, Double.MIN_NORMAL));
        });
        return errors;
    }

    private static List<String> negligible(Map<String, INDArray> gradients) {
        double largest = gradients.values().stream()
                .mapToDouble(g -> g.norm2Number().doubleValue())
                .max()
                .orElse(0);
        return gradients.entrySet().stream()
                .filter(e -> e.getValue().norm2Number().doubleValue() < NEGLIGIBLE_GRADIENT * largest)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static double largest(Map<String, Double> errors, List<String> unheld) {
        return errors.entrySet().stream()
                .filter(e -> !unheld.contains(e.getKey()))
                .mapToDouble(Map.Entry::getValue)
                .max()
                .orElseThrow();
    }
}
