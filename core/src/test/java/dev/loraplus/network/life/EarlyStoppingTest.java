package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import java.nio.file.Path;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingModelSaver;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileGraphSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

class EarlyStoppingTest {
    private static final int EPOCHS = 3;

    @TempDir
    Path folder;

    @Test
    void bestNetworkInMemory_merges() {
        merges(new InMemoryModelSaver<>());
    }

    @Test
    void bestNetworkInAFile_merges() {
        merges(new LocalFileModelSaver(folder.toFile()));
    }

    @Test
    void bestGraphInMemory_merges() {
        mergesGraph(new InMemoryModelSaver<>());
    }

    @Test
    void bestGraphInAFile_merges() {
        mergesGraph(new LocalFileGraphSaver(folder.toString()));
    }

    private static void merges(EarlyStoppingModelSaver<MultiLayerNetwork> saver) {
        MultiLayerNetwork base = Life.network();
        INDArray before = base.params().dup();
        MultiLayerNetwork network = LoraPlus.attach(base, Life.config()).model();

        EarlyStoppingResult<MultiLayerNetwork> result =
                new EarlyStoppingTrainer(configuration(saver), network, Life.batches(3)).fit();

        AdaptedNetwork<MultiLayerNetwork> best = LoraPlus.adapted(result.getBestModel());
        assertThat(result.getScoreVsEpoch()).hasSize(EPOCHS);
        assertThat(best.model().score(Life.data(1)))
                .isEqualTo(result.getScoreVsEpoch().get(result.getBestModelEpoch()));
        MultiLayerNetwork merged = best.merge();
        Life.assertClose(merged.output(Life.input()), best.model().output(Life.input()), 1e-12);
        assertThat(merged.getLayerWiseConfigurations().toJson())
                .isEqualTo(base.getLayerWiseConfigurations().toJson());
        Life.assertSame(base.params(), before);
        Life.assertSame(best.detach().params(), before);
    }

    private static void mergesGraph(EarlyStoppingModelSaver<ComputationGraph> saver) {
        ComputationGraph base = Life.graph();
        INDArray before = base.params().dup();
        ComputationGraph network = LoraPlus.attach(base, Life.config()).model();

        EarlyStoppingResult<ComputationGraph> result =
                new EarlyStoppingGraphTrainer(configuration(saver), network, Life.batches(3)).fit();

        AdaptedNetwork<ComputationGraph> best = LoraPlus.adapted(result.getBestModel());
        assertThat(best.model().score(Life.data(1)))
                .isEqualTo(result.getScoreVsEpoch().get(result.getBestModelEpoch()));
        Life.assertClose(best.merge().outputSingle(Life.input()), best.model().outputSingle(Life.input()), 1e-12);
        assertThat(best.merge().getConfiguration().toJson())
                .isEqualTo(base.getConfiguration().toJson());
        Life.assertSame(base.params(), before);
        Life.assertSame(best.detach().params(), before);
    }

    private static <M extends Model> EarlyStoppingConfiguration<M> configuration(EarlyStoppingModelSaver<M> saver) {
        return new EarlyStoppingConfiguration.Builder<M>()
                .epochTerminationConditions(new MaxEpochsTerminationCondition(EPOCHS))
                .scoreCalculator(new DataSetLossCalculator(Life.batches(1), true))
                .modelSaver(saver)
                .evaluateEveryNEpochs(1)
                .build();
    }
}
