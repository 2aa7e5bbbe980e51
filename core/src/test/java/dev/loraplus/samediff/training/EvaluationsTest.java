package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.factory.Nd4j;

class EvaluationsTest {
    private static final double[] VALUES = {5, 3, 4, 2, 2.5, 2.6, Double.NaN, 1, 0, 0};

    @TempDir
    Path folder;

    @Test
    void bestAdapter_isThatOfTheBestStep() throws IOException {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        List<Map<String, INDArray>> values = new ArrayList<>();
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .onStep(report -> values.add(Fixtures.values(adapted)))
                .evaluate(2, Metric.lower("shape", t -> VALUES[(int) t.steps() / 2 - 1]))
                .keepBest(folder.resolve("best"))
                .maxSteps(14)
                .build()) {
            trainer.fit(LoraTrainerTest.data(4), 9);
            assertThat(trainer.best()).contains(new Best(2, 8));
        }
        SameDiff fresh = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph best = LoraPlus.load(fresh, folder.resolve("best"));
        values.get(7)
                .forEach((name, value) -> assertThat(Fixtures.value(best, name).equalsWithEps(value, 0))
                        .as(name)
                        .isTrue());
    }

    @Test
    void earlyStopping_waitsForAnImprovementByMoreThanMinDelta() {
        assertThat(stepsUntilStopped(3, 0)).isEqualTo(7);
        assertThat(stepsUntilStopped(2, 0)).isEqualTo(6);
        assertThat(stepsUntilStopped(1, 0)).isEqualTo(3);
        assertThat(stepsUntilStopped(3, 1.5)).isEqualTo(5);
        assertThat(stepsUntilStopped(4, 0)).isEqualTo(10);
    }

    private static long stepsUntilStopped(int patience, double minDelta) {
        try (LoraTrainer trainer = LoraTrainerTest.trainer(LoraTrainerTest.attached(DataType.FLOAT))
                .evaluate(1, Metric.lower("shape", t -> VALUES[(int) t.steps() - 1]))
                .earlyStopping(patience, minDelta)
                .maxSteps(10)
                .build()) {
            return trainer.fit(LoraTrainerTest.data(4), 9).steps();
        }
    }

    @Test
    void higherIsBetter_whereTheMetricSaysSo_andEpochsAreEvaluatedAtTheirEnd() {
        List<Long> at = new ArrayList<>();
        try (LoraTrainer trainer = LoraTrainerTest.trainer(LoraTrainerTest.attached(DataType.FLOAT))
                .evaluate(Metric.higher("steps", t -> {
                    at.add(t.steps());
                    return t.steps();
                }))
                .build()) {
            trainer.fit(LoraTrainerTest.data(3), 4);
            assertThat(trainer.best()).contains(new Best(12, 12));
        }
        assertThat(at).containsExactly(3L, 6L, 9L, 12L);
    }

    @Test
    void loss_isTheMeanOverAllValidationData() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        MultiDataSet small = new MultiDataSet(
                Fixtures.random(5, DataType.FLOAT, 2, Fixtures.IN),
                Fixtures.random(6, DataType.FLOAT, 2, Fixtures.OUT));
        MultiDataSet large = new MultiDataSet(
                Fixtures.random(7, DataType.FLOAT, 6, Fixtures.IN),
                Fixtures.random(8, DataType.FLOAT, 6, Fixtures.OUT));
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .evaluate(1, Metric.loss(new Batches(List.of(small, large))))
                .maxSteps(1)
                .build()) {
            trainer.fit(LoraTrainerTest.data(1), 1);
            double expected = (2 * loss(adapted, small) + 6 * loss(adapted, large)) / 8;
            assertThat(trainer.best().orElseThrow().value()).isCloseTo(expected, within(1e-6));
        }
    }

    private static double loss(AdaptedGraph adapted, MultiDataSet batch) {
        return Gradients.loss(
                adapted.graph(), Map.of("x", batch.getFeatures(0), "labels", batch.getLabels(0)), List.of("loss"));
    }

    @Test
    void nd4jsEvaluations_areMetrics() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        INDArray x = Fixtures.random(5, DataType.FLOAT, 6, Fixtures.IN);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 6, Fixtures.OUT);
        for (int i = 0; i < 6; i++) {
            labels.putScalar(i, i % Fixtures.OUT, 1);
        }
        Batches data = new Batches(List.of(new MultiDataSet(x, labels)));
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .evaluate(1, Metric.of(Evaluation.Metric.ACCURACY, Evaluation::new, "out", data))
                .maxSteps(1)
                .build()) {
            trainer.fit(LoraTrainerTest.data(1), 1);
            Evaluation expected = new Evaluation();
            expected.eval(labels, Fixtures.output(adapted.graph(), Map.of("x", x), "out"));
            assertThat(trainer.best().orElseThrow().value()).isEqualTo(expected.accuracy());
        }
    }

    @Test
    void metricsFile_holdsOneLineForEachStepAndEvaluation() throws IOException {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.DOUBLE);
        Map<String, INDArray> before = Fixtures.values(adapted);
        Path file = folder.resolve("deep/metrics.jsonl");
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.DOUBLE);
        double norm;
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .metrics(file)
                .evaluate(2, Metric.lower("seven", t -> 7))
                .maxSteps(3)
                .build()) {
            norm = dev.loraplus.optim.GradientClip.norm(trainer.gradients(batch).values());
            trainer.fit(new Batches(List.of(new MultiDataSet(batch.get("x"), batch.get("labels")))), 1);
            Map<String, INDArray> after = Fixtures.values(adapted);
            List<JsonNode> lines = lines(file);
            assertThat(lines).hasSize(1);
            JsonNode first = lines.get(0);
            assertThat(first.path("step").asInt()).isEqualTo(1);
            assertThat(first.path("epoch").asInt()).isZero();
            assertThat(first.path("examples").asInt()).isEqualTo(Fixtures.BATCH);
            assertThat(first.path("gradientNorm").asDouble()).isCloseTo(norm, within(1e-12));
            assertThat(first.path("rates").path("A").asDouble()).isEqualTo(1e-2);
            assertThat(first.path("rates").path("B").asDouble()).isEqualTo(8e-2);
            assertThat(first.path("updateNorms").path("B").asDouble())
                    .isCloseTo(
                            after.get("layer0.weight.lora_B")
                                    .sub(before.get("layer0.weight.lora_B"))
                                    .norm2Number()
                                    .doubleValue(),
                            within(1e-12));
            assertThat(first.path("updateNorms").properties().stream()
                            .map(Map.Entry::getKey)
                            .toList())
                    .contains("A", "B", "head");
            trainer.fit(new Batches(List.of(new MultiDataSet(batch.get("x"), batch.get("labels")))), 2);
        }
        List<JsonNode> lines = lines(file);
        assertThat(lines).hasSize(4);
        assertThat(lines.get(2).toString())
                .isEqualTo("{\"step\":2,\"epoch\":1,\"metric\":\"seven\",\"value\":7.0,\"best\":true}");
    }

    @Test
    void metricsFileOfAnotherTraining_isRefused_andLeftAlone() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Files.writeString(file, "{\"step\":1}\n");
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted).metrics(file).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("metrics.jsonl");
        assertThat(file).hasContent("{\"step\":1}\n");
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted)
                        .metrics(file.resolve("below"))
                        .build())
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("below");
    }

    @Test
    void optionsWithoutEffect_areRefusedInWords() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        refused(LoraTrainerTest.trainer(adapted).keepBest(folder), "keepBest");
        refused(LoraTrainerTest.trainer(adapted).earlyStopping(3, 0), "earlyStopping");
        refused(LoraTrainerTest.trainer(adapted).accumulate(0), "accumulate");
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted).earlyStopping(0, 0))
                .hasMessageContaining("patience");
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted).earlyStopping(1, -1))
                .hasMessageContaining("minDelta");
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted).evaluate(0, Metric.lower("x", t -> 0)))
                .hasMessageContaining("at least 1");
    }

    @Test
    void noDropout_noSmoothing_inTheMetricOfTheLoss() {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT),
                LoraConfig.builder().rank(2).dropout(0.5).targets("layer0").build());
        Fixtures.fill(adapted, 3);
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .evaluate(1, Metric.loss(new MultiDataSetIteratorAdapter(LoraTrainerTest.data(1))))
                .maxSteps(1)
                .build()) {
            trainer.fit(LoraTrainerTest.data(1), 1);
            double expected = Gradients.loss(adapted.graph(), Fixtures.batch(0, DataType.FLOAT), List.of("loss"));
            assertThat(trainer.best().orElseThrow().value()).isCloseTo(expected, within(1e-6));
        }
    }

    private static void refused(LoraTrainerBuilder builder, String word) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(word);
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            lines.add(new JsonMapper().readTree(line));
        }
        return lines;
    }
}
