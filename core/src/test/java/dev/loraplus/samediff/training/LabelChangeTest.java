package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

class LabelChangeTest {
    private static final INDArray LABELS =
            Nd4j.createFromArray(new float[][] {{0, 1, 0}, {1, 0, 0}, {0, 0, 0}, {0, 0, 1}});

    @Test
    void rowsOfZeros_stayZero_andTheBatchKeepsItsLabels() {
        INDArray before = LABELS.dup();
        SameDiff graph = crossEntropy();
        TrainerSettings settings = new TrainerSettings();
        settings.labelSmoothing = 0.3;
        settings.features = List.of("x");
        settings.labels = List.of("labels");
        INDArray changed = new BatchFeed(graph, BatchMapping.of(graph, settings), settings)
                .feed(batch(LABELS))
                .placeholders()
                .get("labels");
        assertThat(LABELS).isEqualTo(before);
        assertThat(changed.getRow(0).toFloatVector()).containsExactly(0.1f, 0.8f, 0.1f);
        assertThat(changed.getRow(2).toFloatVector()).containsExactly(0, 0, 0);
        assertThat(changed.dataType()).isEqualTo(DataType.FLOAT);
    }

    @Test
    void crossEntropyWrittenByHand_isAccepted() {
        SameDiff graph = base();
        SDVariable logProbabilities = graph.nn.logSoftmax(graph.getVariable("logits"));
        graph.getVariable("labels").mul(logProbabilities).sum(1).neg().mean("loss");
        graph.setLossVariables("loss");
        try (LoraTrainer trainer = trainer(graph).labelSmoothing(0.1).build()) {
            double byHand = trainer.fit(one(LABELS), 1).losses().get(0);
            try (LoraTrainer other = trainer(crossEntropy()).labelSmoothing(0.1).build()) {
                assertThat(byHand)
                        .isCloseTo(
                                other.fit(one(LABELS), 1).losses().get(0),
                                org.assertj.core.api.Assertions.within(1e-6));
            }
        }
    }

    @Test
    void lossesThatAreNotLinearInTheirLabels_areRefusedInWords() {
        SameDiff squared = base();
        SDVariable error = squared.getVariable("logits").sub(squared.getVariable("labels"));
        error.mul(error).mean("loss");
        squared.setLossVariables("loss");
        refused(trainer(squared).labelSmoothing(0.1), LABELS, "no cross entropy");
        refused(trainer(squared).classWeights(1, 2, 3), LABELS, "classWeights");
        SameDiff twice = base();
        SDVariable labels = twice.getVariable("labels");
        labels.mul(labels).mul(twice.getVariable("logits")).mean("loss");
        twice.setLossVariables("loss");
        refused(trainer(twice).labelSmoothing(0.1), LABELS, "multiply");
    }

    @Test
    void sparseLabels_areRefusedInWords() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 5);
        SDVariable labels = graph.placeHolder("labels", DataType.INT, -1);
        SDVariable logits = graph.mmul("logits", x, graph.var("w", Fixtures.random(1, DataType.FLOAT, 5, 3)));
        graph.loss.sparseSoftmaxCrossEntropy("each", logits, labels).mean("loss");
        graph.setLossVariables("loss");
        refused(trainer(graph).labelSmoothing(0.1), Nd4j.createFromArray(0, 1, 2, 1), "one-hot");
    }

    @Test
    void labelsThatAreNotOneHot_andWrongCounts_areRefusedInWords() {
        SameDiff graph = crossEntropy();
        INDArray soft = LABELS.mul(0.5);
        refused(trainer(graph).labelSmoothing(0.1), soft, "one-hot");
        refused(trainer(graph).classWeights(1, 2), LABELS, "2 weights");
        assertThatThrownBy(() -> trainer(graph).classWeights(1, -2, 3).build()).hasMessageContaining("classWeights");
        assertThatThrownBy(() -> trainer(graph).classWeights(0, 0, 0).build()).hasMessageContaining("all be 0");
        assertThatThrownBy(() -> trainer(graph).labelSmoothing(1).build()).hasMessageContaining("[0, 1)");
        assertThatThrownBy(() -> trainer(graph).lossAverage(LossAverage.SUM).build())
                .hasMessageContaining("no effect");
        refused(trainer(graph).accumulate(2).lossAverage(LossAverage.LABEL_MASK), LABELS, "labelMasks(...)");
    }

    private static SameDiff base() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 5);
        graph.placeHolder("labels", DataType.FLOAT, -1, 3);
        graph.mmul("logits", x, graph.var("w", Fixtures.random(1, DataType.FLOAT, 5, 3)));
        return graph;
    }

    private static SameDiff crossEntropy() {
        SameDiff graph = base();
        graph.loss.softmaxCrossEntropy("loss", graph.getVariable("labels"), graph.getVariable("logits"), null);
        graph.setLossVariables("loss");
        return graph;
    }

    private static LoraTrainerBuilder trainer(SameDiff graph) {
        AdaptedGraph adapted = graph.hasVariable("w.lora_A")
                ? attachedBefore
                : LoraPlus.attach(
                        graph, LoraConfig.builder().rank(2).targets("w").build());
        attachedBefore = adapted;
        return LoraTrainer.builder(adapted)
                .eta(1e-2)
                .features("x")
                .labels("labels")
                .progress(false);
    }

    private static AdaptedGraph attachedBefore;

    private static void refused(LoraTrainerBuilder builder, INDArray labels, String words) {
        try (LoraTrainer trainer = builder.build()) {
            assertThatThrownBy(() -> trainer.fit(one(labels), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(words);
        }
    }

    private static Batches one(INDArray labels) {
        return new Batches(List.of(batch(labels)));
    }

    private static MultiDataSet batch(INDArray labels) {
        return new MultiDataSet(Fixtures.random(9, DataType.FLOAT, 4, 5), labels);
    }
}
