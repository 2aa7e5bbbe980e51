package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.Storage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.listeners.CheckpointListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** A network that DL4J saved with its updater goes on as if it had never been left. */
class ResumedNetworkTest {
    private static final int STEPS = 8;

    @TempDir
    Path folder;

    @Test
    void networksOfBothStorages_goOnBitForBit_fromEveryStep() throws IOException {
        for (Storage storage : Storage.values()) {
            MultiLayerNetwork whole = network(storage);
            train(whole, 0, STEPS);
            for (int stop = 1; stop < STEPS; stop++) {
                MultiLayerNetwork first = network(storage);
                train(first, 0, stop);
                File file = folder.resolve(storage + "-" + stop + ".zip").toFile();
                ModelSerializer.writeModel(first, file, true);
                MultiLayerNetwork second = ModelSerializer.restoreMultiLayerNetwork(file, true);
                train(second, stop, STEPS);
                Life.assertSame(second.params(), whole.params());
                Life.assertSame(second.updaterState(), whole.updaterState());
                assertThat(second.getIterationCount()).isEqualTo(whole.getIterationCount());
            }
        }
    }

    @Test
    void graphs_goOnBitForBit() throws IOException {
        ComputationGraph whole = LoraPlus.attach(Life.graph(), dropped()).model();
        for (int i = 0; i < STEPS; i++) {
            whole.fit(Life.data(i));
        }
        ComputationGraph first = LoraPlus.attach(Life.graph(), dropped()).model();
        for (int i = 0; i < 3; i++) {
            first.fit(Life.data(i));
        }
        File file = folder.resolve("graph.zip").toFile();
        ModelSerializer.writeModel(first, file, true);
        ComputationGraph second = ModelSerializer.restoreComputationGraph(file, true);
        for (int i = 3; i < STEPS; i++) {
            second.fit(Life.data(i));
        }
        Life.assertSame(second.params(), whole.params());
    }

    /** DL4J's listeners run before the iteration is counted, so that what they save lags behind by one. */
    @Test
    void checkpointListener_savesACountOneTooLow_andOnceCorrectedGoesOnBitForBit() {
        MultiLayerNetwork whole = network(Storage.EMBEDDED);
        train(whole, 0, STEPS);
        MultiLayerNetwork first = network(Storage.EMBEDDED);
        first.setListeners(new CheckpointListener.Builder(folder.toFile())
                .saveEveryNIterations(1)
                .keepLast(2)
                .build());
        train(first, 0, 6);
        MultiLayerNetwork second = CheckpointListener.loadLastCheckpointMLN(folder.toFile());
        assertThat(second.getIterationCount()).isEqualTo(first.getIterationCount() - 1);
        second.setIterationCount(second.getIterationCount() + 1);
        train(second, 6, STEPS);
        Life.assertSame(second.params(), whole.params());
    }

    /** Three updaters with state, one with a schedule, and dropout in the branches. */
    private static MultiLayerNetwork network(Storage storage) {
        MultiLayerNetwork base = Life.network(
                new Adam(new ExponentialSchedule(ScheduleType.ITERATION, 0.01, 0.9)),
                new Nesterovs(0.002, 0.9),
                new AMSGrad(0.02));
        return LoraPlus.attach(base, dropped(), Life.stored(storage)).model();
    }

    private static LoraConfig dropped() {
        return Life.config().toBuilder().dropout(0.4).seed(3).build();
    }

    private static void train(MultiLayerNetwork network, int from, int to) {
        for (int i = from; i < to; i++) {
            network.fit(Life.data(i));
        }
    }
}
