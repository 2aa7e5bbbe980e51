package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.AdaptedModel.Disabled;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.evaluation.regression.RegressionEvaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

class LoraTrainerTest {
    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .lambda(8)
            .targets("layer0")
            .modulesToSave("layer1")
            .headRate(3e-3)
            .build();

    @Test
    void severalSteps_areThoseOfANaiveLoraPlusAdamW() {
        AdaptedGraph adapted = attached(DataType.DOUBLE);
        NaiveAdamW naive = new NaiveAdamW(attached(DataType.DOUBLE), 0.05, 0.3);
        Schedule schedule = Schedule.linear(2, 9);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted)
                .eta(1e-2)
                .weightDecay(0.05)
                .maxGradientNorm(0.3)
                .schedule(schedule)
                .build()) {
            for (int step = 0; step < 7; step++) {
                Map<String, INDArray> batch = Fixtures.batch(step, DataType.DOUBLE);
                double expected = naive.step(batch, schedule.factor(step), rates());
                assertThat(trainer.step(batch)).isCloseTo(expected, org.assertj.core.api.Assertions.within(1e-10));
            }
            naive.values().forEach((name, value) -> assertThat(Gradients.distance(Fixtures.value(adapted, name), value))
                    .as(name)
                    .isLessThan(1e-9));
            assertThat(naive.clipped()).isPositive();
        }
    }

    @Test
    void firstStep_movesEachParameterByItsOwnRate() {
        AdaptedGraph adapted = attached(DataType.DOUBLE);
        Map<String, INDArray> before = Fixtures.values(adapted);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted)
                .eta(1e-2)
                .schedule(Schedule.constant(4))
                .build()) {
            trainer.step(Fixtures.batch(1, DataType.DOUBLE));
        }
        rates().forEach((name, rate) -> assertThat(Fixtures.value(adapted, name)
                        .sub(before.get(name))
                        .amaxNumber()
                        .doubleValue())
                .as(name)
                .isCloseTo(rate / 4, org.assertj.core.api.Assertions.withinPercentage(0.1)));
    }

    @Test
    void biasesAddedOneAfterAnother_areClippedOnceEach() {
        SameDiff graph = twoBiases();
        AdaptedGraph adapted = LoraPlus.attach(graph, twoBiasConfig());
        Fixtures.fill(adapted, 3);
        AdaptedGraph twin = LoraPlus.attach(twoBiases(), twoBiasConfig());
        Fixtures.fill(twin, 3);
        NaiveAdamW naive = new NaiveAdamW(twin, 0, 0.1);
        Map<String, Double> rates = Map.of("w.lora_A", 1e-2, "w.lora_B", 16e-2, "first", 1e-2, "second", 1e-2);
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-2).maxGradientNorm(0.1).build()) {
            for (int step = 0; step < 4; step++) {
                Map<String, INDArray> batch = Map.of("x", Fixtures.random(step, DataType.DOUBLE, 5, 7));
                naive.step(batch, 1, rates);
                trainer.step(batch);
            }
        }
        naive.values().forEach((name, value) -> assertThat(Gradients.distance(Fixtures.value(adapted, name), value))
                .as(name)
                .isLessThan(1e-9));
    }

    @Test
    void lossesThatAreNoScalars_areSummed() {
        SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
        graph.getVariable("out").mul("elements", 0.1);
        graph.setLossVariables("loss", "elements");
        AdaptedGraph adapted = LoraPlus.attach(graph, CONFIG);
        Fixtures.fill(adapted, 4);
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.DOUBLE);
        double loss = Gradients.loss(graph, batch, List.of("loss", "elements"));
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-2).build()) {
            Map<String, INDArray> got = trainer.gradients(batch);
            Gradients.byDifferences(graph, batch, List.of("loss", "elements"), got.keySet())
                    .forEach((name, expected) -> assertThat(Gradients.distance(got.get(name), expected))
                            .as(name)
                            .isLessThan(1e-7));
            assertThat(trainer.step(batch)).isCloseTo(loss, org.assertj.core.api.Assertions.within(1e-12));
        }
    }

    @Test
    void fit_reportsTheLossThatStockOutputGives_andGoesOnWhereItStopped() {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        double first = Gradients.loss(adapted.graph(), Fixtures.batch(0, DataType.FLOAT), List.of("loss"));
        AdaptedGraph whole = attached(DataType.FLOAT);
        try (LoraTrainer parts = trainer(adapted).maxSteps(5).build();
                LoraTrainer once = trainer(whole).build()) {
            TrainingResult result = parts.fit(data(3), 1);
            assertThat(result.losses()).hasSize(3);
            assertThat(result.losses().get(0)).isCloseTo(first, org.assertj.core.api.Assertions.within(1e-6));
            assertThat(result.steps()).isEqualTo(3);
            assertThat(result.examples()).isEqualTo(3L * Fixtures.BATCH);
            assertThat(parts.fit(data(3), 4).steps()).isEqualTo(2);
            assertThat(parts.steps()).isEqualTo(5);
            once.fit(new MultiDataSetIteratorAdapter(data(3)), 1);
            for (int i = 0; i < 2; i++) {
                once.step(Fixtures.batch(i, DataType.FLOAT));
            }
            assertThat(Fixtures.values(adapted)).isEqualTo(Fixtures.values(whole));
        }
    }

    @Test
    void multiDataSets_areMappedByTheGraphsTrainingConfig() {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        adapted.graph()
                .setTrainingConfig(TrainingConfig.builder()
                        .updater(new Adam(1e-3))
                        .dataSetFeatureMapping("x")
                        .dataSetLabelMapping("labels")
                        .build());
        String before = adapted.graph().getTrainingConfig().toJson();
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-2).progress(false).build()) {
            assertThat(trainer.fit(data(4), 2).steps()).isEqualTo(8);
        }
        assertThat(adapted.graph().getTrainingConfig().toJson()).isEqualTo(before);
        assertThat(adapted.graph().getTrainingConfig().getIterationCount()).isZero();
        assertThat(adapted.graph().getTrainingConfig().getEpochCount()).isZero();
        RegressionEvaluation evaluation = new RegressionEvaluation();
        adapted.graph().evaluate(data(4), "out", evaluation);
        assertThat(evaluation.averageMeanSquaredError()).isPositive().isFinite();
    }

    @Test
    void wrongData_isRefusedInWords() {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        refused(LoraTrainer.builder(adapted).eta(1e-3), data(1), 1, "features(...)");
        refused(LoraTrainer.builder(adapted).eta(1e-3).features("y").labels("labels"), data(1), 1, "[y]");
        refused(LoraTrainer.builder(adapted).eta(1e-3).features("x"), data(1), 1, "1 arrays of labels");
        refused(LoraTrainer.builder(adapted).eta(1e-3).features("x", "labels"), data(1), 1, "arrays of features");
        refused(trainer(adapted), data(0), 1, "no batch");
        refused(trainer(adapted), data(1), 0, "epochs");
    }

    @Test
    void wrongSettings_areRefusedInWords() {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        assertThatThrownBy(() -> LoraTrainer.builder(adapted).build()).hasMessageContaining("eta");
        assertThatThrownBy(() -> trainer(adapted).maxGradientNorm(-1).build()).hasMessageContaining("maxGradientNorm");
        assertThatThrownBy(() -> trainer(adapted).maxSteps(0).build()).hasMessageContaining("maxSteps");
        assertThatThrownBy(() -> trainer(adapted).saveEvery(3).build()).hasMessageContaining("saveTo");
    }

    @Test
    void graphsThatCannotBeTrained_areRefusedInWords() {
        SameDiff noLoss = Fixtures.mlp(DataType.FLOAT);
        noLoss.setLossVariables(new String[0]);
        assertThatThrownBy(() -> trainer(LoraPlus.attach(noLoss, CONFIG)).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("markAsLoss");
        SameDiff apart = Fixtures.mlp(DataType.FLOAT);
        apart.mmul(
                "side",
                apart.var("far", Fixtures.random(1, DataType.FLOAT, 3, 4)),
                apart.constant(Fixtures.random(2, DataType.FLOAT, 4, 2)));
        assertThatThrownBy(() -> trainer(LoraPlus.attach(
                                apart,
                                CONFIG.toBuilder().targets("layer0", "far").build()))
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("far.lora_A");
        SameDiff stepwise = Fixtures.mlp(DataType.FLOAT);
        SDVariable top = stepwise.nn.topK(stepwise.getVariable("out"), 1, true)[0];
        top.sum("best");
        stepwise.setLossVariables("best");
        assertThatThrownBy(() -> trainer(LoraPlus.attach(stepwise, CONFIG)).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no gradient");
    }

    @Test
    void adapterThatIsNotActive_isNotTrained() {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        LoraTrainer trainer = trainer(adapted).build();
        try (Disabled off = adapted.disable()) {
            assertThat(off).isNotNull();
            assertThatThrownBy(() -> trainer.fit(data(1), 1)).hasMessageContaining("disabled");
        }
        adapted.merge();
        assertThatThrownBy(() -> trainer.fit(data(1), 1)).hasMessageContaining("merged");
        assertThatThrownBy(() -> trainer.step(Fixtures.batch(1, DataType.FLOAT)))
                .hasMessageContaining("merged");
        adapted.unmerge();
        adapted.detach();
        assertThatThrownBy(() -> trainer.fit(data(1), 1)).hasMessageContaining("detached");
        assertThatThrownBy(() -> trainer(adapted).build()).hasMessageContaining("detached");
        trainer.close();
    }

    @Test
    void savedAdapters_areLoadedAgain(@TempDir Path folder) throws Exception {
        AdaptedGraph adapted = attached(DataType.FLOAT);
        Map<String, INDArray> batch = Fixtures.batch(9, DataType.FLOAT);
        try (LoraTrainer trainer =
                trainer(adapted).saveTo(folder).saveEvery(2).maxSteps(5).build()) {
            trainer.fit(data(3), 5);
        }
        SameDiff fresh = Fixtures.mlp(DataType.FLOAT);
        LoraPlus.load(fresh, folder);
        assertThat(Fixtures.output(fresh, batch, "out")).isEqualTo(Fixtures.output(adapted.graph(), batch, "out"));
    }

    @Test
    void shortTraining_printsNothing() {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream out = System.out;
        PrintStream err = System.err;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try (LoraTrainer trainer =
                trainer(attached(DataType.FLOAT)).progress(true).build()) {
            trainer.fit(data(2), 1);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    private static Map<String, Double> rates() {
        Map<String, Double> rates = new LinkedHashMap<>();
        rates.put("layer0.weight.lora_A", 1e-2);
        rates.put("layer0.weight.lora_B", 8e-2);
        rates.put("layer1.weight", 3e-3);
        rates.put("layer1.bias", 3e-3);
        return rates;
    }

    private static SameDiff twoBiases() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 7);
        SDVariable w = graph.var("w", Fixtures.random(1, DataType.DOUBLE, 7, 5));
        SDVariable sum = graph.mmul(x, w)
                .add(graph.var("first", Fixtures.random(2, DataType.DOUBLE, 5, 5)))
                .add(graph.var("second", Fixtures.random(3, DataType.DOUBLE, 5, 5)));
        graph.math.tanh(sum).mean("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static LoraConfig twoBiasConfig() {
        return LoraConfig.builder()
                .rank(2)
                .targets("w")
                .modulesToSave("first", "second")
                .build();
    }

    private static void refused(LoraTrainerBuilder builder, DataSetIterator data, int epochs, String words) {
        try (LoraTrainer trainer = builder.build()) {
            assertThatThrownBy(() -> trainer.fit(data, epochs))
                    .isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class)
                    .hasMessageContaining(words);
        }
    }

    static AdaptedGraph attached(DataType type) {
        AdaptedGraph adapted = LoraPlus.attach(Fixtures.mlp(type), CONFIG);
        Fixtures.fill(adapted, 21);
        return adapted;
    }

    static LoraTrainerBuilder trainer(AdaptedGraph adapted) {
        return LoraTrainer.builder(adapted)
                .eta(1e-2)
                .features("x")
                .labels("labels")
                .progress(false);
    }

    static DataSetIterator data(int batches) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            Map<String, INDArray> batch = Fixtures.batch(i, DataType.FLOAT);
            all.add(new DataSet(batch.get("x"), batch.get("labels")));
        }
        return new ListDataSetIterator<>(all, 1);
    }
}
