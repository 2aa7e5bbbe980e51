package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class AccumulationTest {
    private static final double CLOSE = 1e-6;

    @Test
    void batchesOfAllSizes_andAShortLastStep_equalTheLargeBatches() {
        int[][] steps = {{3, 1}, {4, 2}, {5}};
        Map<String, INDArray> expected = train(merged(steps), 1);
        Map<String, INDArray> found = train(single(steps), 2);
        expected.forEach((name, value) ->
                assertThat(Gradients.distance(found.get(name), value)).as(name).isLessThan(CLOSE));
    }

    @Test
    void resultCountsStepsAndExamples() {
        int[][] steps = {{3, 1}, {4, 2}, {5}};
        try (LoraTrainer trainer = LoraTrainerTest.trainer(LoraTrainerTest.attached(DataType.FLOAT))
                .accumulate(2)
                .build()) {
            TrainingResult result = trainer.fit(new Batches(single(steps)), 2);
            assertThat(result.steps()).isEqualTo(6);
            assertThat(result.examples()).isEqualTo(30);
            assertThat(result.losses()).hasSize(6);
        }
    }

    @Test
    void weights_countWhatTheLossAveragesOver() {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 2, 5, 3);
        INDArray mask = Nd4j.createFromArray(new float[][] {{1, 1, 0, 0, 0}, {1, 1, 1, 1, 0}});
        MultiDataSet batch = new MultiDataSet(
                new INDArray[] {Nd4j.zeros(DataType.FLOAT, 2, 5)}, new INDArray[] {labels}, null, new INDArray[] {mask
                });
        assertThat(new BatchWeight(LossAverage.LABELS).of(batch)).isEqualTo(30);
        assertThat(new BatchWeight(LossAverage.EXAMPLES).of(batch)).isEqualTo(2);
        assertThat(new BatchWeight(LossAverage.LABEL_MASK).of(batch)).isEqualTo(6);
        assertThat(new BatchWeight(LossAverage.SUM).of(batch)).isEqualTo(1);
    }

    @Test
    void stepWithoutAnyLabelThatCounts_isRefusedInWords() {
        SameDiff graph = masked();
        AdaptedGraph adapted = dev.loraplus.LoraPlus.attach(graph, config());
        Map<String, INDArray> before = Fixtures.values(adapted);
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .labelMasks("mask")
                .accumulate(2)
                .build()) {
            List<org.nd4j.linalg.dataset.api.MultiDataSet> none = List.of(masked(0), masked(0));
            assertThatThrownBy(() -> trainer.fit(new Batches(none), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("No label");
        }
        assertThat(Fixtures.values(adapted)).isEqualTo(before);
    }

    @Test
    void masksThatNothingTakes_andMasksThatAreMissing_areRefusedInWords() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted).build()) {
            assertThatThrownBy(() -> trainer.fit(new Batches(List.of(masked(1))), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("labelMasks(...)");
        }
        AdaptedGraph other = dev.loraplus.LoraPlus.attach(masked(), config());
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(other).labelMasks("mask").build()) {
            assertThatThrownBy(() -> trainer.fit(LoraTrainerTest.data(1), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("A mask of ones");
        }
    }

    private static dev.loraplus.LoraConfig config() {
        return dev.loraplus.LoraConfig.builder().rank(2).targets("layer0").build();
    }

    private static SameDiff masked() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        SDVariable mask = graph.placeHolder("mask", DataType.FLOAT, -1);
        SDVariable error = graph.getVariable("out").sub(graph.getVariable("labels"));
        SDVariable each = error.mul(error).mean(1).mul(mask);
        each.sum().div("masked", mask.sum().add(1e-9));
        graph.setLossVariables("masked");
        return graph;
    }

    private static MultiDataSet masked(float value) {
        Map<String, INDArray> batch = Fixtures.batch(3, DataType.FLOAT);
        return new MultiDataSet(
                new INDArray[] {batch.get("x")}, new INDArray[] {batch.get("labels")}, null, new INDArray[] {
                    Nd4j.ones(DataType.FLOAT, Fixtures.BATCH).muli(value)
                });
    }

    private static Map<String, INDArray> train(List<org.nd4j.linalg.dataset.api.MultiDataSet> data, int accumulate) {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(adapted).accumulate(accumulate).build()) {
            trainer.fit(new Batches(data), 1);
        }
        return Fixtures.values(adapted);
    }

    private static List<org.nd4j.linalg.dataset.api.MultiDataSet> single(int[][] steps) {
        List<org.nd4j.linalg.dataset.api.MultiDataSet> batches = new ArrayList<>();
        int row = 0;
        for (int[] step : steps) {
            for (int size : step) {
                batches.add(batch(row, size));
                row += size;
            }
        }
        return batches;
    }

    private static List<org.nd4j.linalg.dataset.api.MultiDataSet> merged(int[][] steps) {
        List<org.nd4j.linalg.dataset.api.MultiDataSet> batches = new ArrayList<>();
        int row = 0;
        for (int[] step : steps) {
            int size = java.util.Arrays.stream(step).sum();
            batches.add(batch(row, size));
            row += size;
        }
        return batches;
    }

    /** Rows that depend on their number only. */
    private static MultiDataSet batch(int first, int size) {
        INDArray x = Nd4j.create(DataType.FLOAT, size, Fixtures.IN);
        INDArray labels = Nd4j.create(DataType.FLOAT, size, Fixtures.OUT);
        for (int i = 0; i < size; i++) {
            x.putRow(i, Fixtures.random(100 + first + i, DataType.FLOAT, Fixtures.IN));
            labels.putRow(i, Fixtures.random(200 + first + i, DataType.FLOAT, Fixtures.OUT));
        }
        return new MultiDataSet(x, labels);
    }
}
