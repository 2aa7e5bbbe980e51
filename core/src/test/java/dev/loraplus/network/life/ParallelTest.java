package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class ParallelTest {
    private static final double RATE = 0.1;
    private static final int WORKERS = 2;

    @ParameterizedTest
    @EnumSource(Storage.class)
    @Timeout(120)
    void averaging_trainsTheAdapter_andLeavesTheBase(Storage storage) throws Exception {
        trains(storage, ParallelWrapper.TrainingMode.AVERAGING);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    @Timeout(120)
    void sharedGradients_trainTheAdapter_andLeaveTheBase(Storage storage) throws Exception {
        trains(storage, ParallelWrapper.TrainingMode.SHARED_GRADIENTS);
    }

    private static void trains(Storage storage, ParallelWrapper.TrainingMode mode) throws Exception {
        MultiLayerNetwork base = sgd();
        INDArray before = base.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, Life.config(), Life.stored(storage));
        MultiLayerNetwork network = adapted.model();
        Life.fillB(network.paramTable());
        double score = network.score(Life.data(1));
        try (ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .trainingMode(mode)
                .thresholdAlgorithm(new FixedThresholdAlgorithm(1e-3))
                .averagingFrequency(1)
                .workers(WORKERS)
                .prefetchBuffer(0)
                .build()) {
            wrapper.fit(Life.equalBatches(10)); // DL4J may lock itself up in a second call, plain networks too
        }
        assertThat(network.score(Life.data(1))).isLessThan(score);
        Life.assertSame(base.params(), before);
        Life.assertSame(adapted.detach().params(), before);
        Steps.of(network, Life.data(2))
                .assertRates("0_W", RATE)
                .assertRates("1_W", RATE)
                .assertRate("2_W", RATE);
    }

    @Test
    void parallelInference_givesTheSameOutput() {
        MultiLayerNetwork network = Life.trainedNetwork(Storage.EXTERNAL).model();
        ParallelInference inference = new ParallelInference.Builder(network)
                .inferenceMode(InferenceMode.SEQUENTIAL)
                .workers(WORKERS)
                .build();
        try {
            for (int i = 1; i < 5; i++) {
                Life.assertSame(
                        inference.output(Life.data(i).getFeatures()),
                        network.output(Life.data(i).getFeatures()));
            }
        } finally {
            inference.shutdown();
        }
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void outputFromEightThreads_isRight(Storage storage) throws Exception {
        MultiLayerNetwork network = Life.trainedNetwork(storage).model();
        List<INDArray> expected = new ArrayList<>();
        MultiLayerNetwork alone = network.clone();
        for (int i = 0; i < 8; i++) {
            expected.add(alone.output(Life.data(i).getFeatures()));
        }
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                int seed = i;
                done.add(threads.submit(() -> {
                    for (int k = 0; k < 20; k++) {
                        Life.assertSame(network.output(Life.data(seed).getFeatures()), expected.get(seed));
                    }
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        } finally {
            threads.shutdown();
        }
    }

    private static MultiLayerNetwork sgd() {
        return Life.network(new Sgd(RATE), new Sgd(RATE), new Sgd(RATE));
    }
}
