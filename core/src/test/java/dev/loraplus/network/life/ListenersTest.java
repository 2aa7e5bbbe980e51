package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.InvocationType;
import org.deeplearning4j.optimize.listeners.Checkpoint;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.optimize.listeners.CollectScoresListener;
import org.deeplearning4j.optimize.listeners.EvaluativeListener;
import org.deeplearning4j.optimize.listeners.PerformanceListener;
import org.deeplearning4j.optimize.listeners.ScoreIterationListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;

class ListenersTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Storage.class)
    void fitWithListeners_reachesAllOfThem_andEvaluatesAsTheMergedNetwork(Storage storage) {
        MultiLayerNetwork base = Life.network();
        INDArray before = base.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, Life.config(), Life.stored(storage));
        MultiLayerNetwork network = adapted.model();
        double first = network.score(Life.data(1));
        CollectScoresListener scores = new CollectScoresListener(1);
        EvaluativeListener evaluation =
                new EvaluativeListener(Life.batches(3), 1, InvocationType.EPOCH_END, new Evaluation());
        network.setListeners(
                scores, evaluation, new ScoreIterationListener(100), new PerformanceListener.Builder().build());

        network.fit(Life.batches(3), 10);

        assertThat(scores.getListScore().size()).isEqualTo(30);
        assertThat(scores.getListScore().get(0)).isEqualTo(first);
        assertThat(scores.getListScore().get(27)).isLessThan(first);
        assertThat(network.getIterationCount()).isEqualTo(30);
        assertThat(network.getEpochCount()).isEqualTo(10);
        MultiLayerNetwork merged = adapted.merge();
        String expected = merged.evaluate(Life.batches(3)).stats();
        assertThat(network.evaluate(Life.batches(3)).stats()).isEqualTo(expected);
        assertThat(evaluation.getEvaluations()[0].stats()).isEqualTo(expected);
        assertThat(network.score(Life.data(1))).isCloseTo(merged.score(Life.data(1)), within());
        Life.assertSame(base.params(), before);
    }

    @Test
    void graphWithListeners_evaluatesAsTheMergedGraph() {
        ComputationGraph base = Life.graph();
        INDArray before = base.params().dup();
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, Life.config());
        CollectScoresListener scores = new CollectScoresListener(1);
        EvaluativeListener evaluation =
                new EvaluativeListener(Life.batches(3), 1, InvocationType.EPOCH_END, new Evaluation());
        adapted.model().setListeners(scores, evaluation, new PerformanceListener.Builder().build());

        adapted.model().fit(Life.batches(3), 10);

        assertThat(scores.getListScore().get(27))
                .isLessThan(scores.getListScore().get(0));
        ComputationGraph merged = adapted.merge();
        assertThat(evaluation.getEvaluations()[0].stats())
                .isEqualTo(merged.evaluate(Life.batches(3)).stats());
        assertThat(adapted.model().score(Life.data(1))).isCloseTo(merged.score(Life.data(1)), within());
        Life.assertSame(base.params(), before);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void lastCheckpoint_isTheNetworkThatWroteIt(Storage storage) throws IOException {
        MultiLayerNetwork network = LoraPlus.attach(Life.network(), Life.config(), Life.stored(storage))
                .model();
        network.setListeners(new CheckpointListener.Builder(folder.toFile())
                .saveEveryNIterations(2)
                .keepAll()
                .build());
        network.fit(Life.batches(5));

        List<Checkpoint> checkpoints = CheckpointListener.availableCheckpoints(folder.toFile());
        assertThat(checkpoints).extracting(Checkpoint::getIteration).containsExactly(2, 4);
        MultiLayerNetwork restored = CheckpointListener.loadCheckpointMLN(folder.toFile(), checkpoints.get(1));
        Life.assertSame(restored.params(), network.params());
        Life.assertSame(
                restored.getUpdater().getStateViewArray(), network.getUpdater().getStateViewArray());
        Life.assertSame(
                LoraPlus.adapted(restored).merge().params(),
                LoraPlus.adapted(network).merge().params());
    }

    private static Offset<Double> within() {
        return Offset.offset(1e-12);
    }
}
