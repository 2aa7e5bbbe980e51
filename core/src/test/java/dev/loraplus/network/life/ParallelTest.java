package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold.FixedThresholdAlgorithm;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class ParallelTest {
    private static final double RATE = 0.1;
    private static final int WORKERS = 2;

    /** Two workers that average after every step do what one step on their mean gradient does. */
    @ParameterizedTest
    @EnumSource(Storage.class)
    void averaging_isAStepOnTheMeanGradient_atLambdaTimesTheRateForB(Storage storage) throws Exception {
        MultiLayerNetwork base = sgd();
        INDArray before = base.params().dup();
        MultiLayerNetwork network =
                LoraPlus.attach(base, Life.config(), Life.stored(storage)).model();
        Life.fillB(network.paramTable());
        Steps one = Steps.of(network.clone(), Life.data(1));
        Steps two = Steps.of(network.clone(), Life.data(2));
        Map<String, INDArray> start = network.clone().paramTable();

        try (ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .trainingMode(ParallelWrapper.TrainingMode.AVERAGING)
                .workers(WORKERS)
                .averagingFrequency(1)
                .prefetchBuffer(0)
                .build()) {
            wrapper.fit(Life.batches(2));
        }

        for (String key : List.of("0_WloraA", "0_WloraB", "1_WloraA", "1_WloraB", "2_W", "2_b")) {
            double rate = key.endsWith("loraB") ? Life.LAMBDA * RATE : RATE;
            INDArray step = one.expected(key, rate, 0).add(two.expected(key, rate, 0)).div(2);
            Life.assertClose(network.getParam(key), start.get(key).add(step), 1e-14);
        }
        Life.assertSame(base.params(), before);
        Life.assertSame(LoraPlus.adapted(network).detach().params(), before);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void sharedGradients_trainTheAdapter_andLeaveTheBase(Storage storage) throws Exception {
        MultiLayerNetwork base = sgd();
        INDArray before = base.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, Life.config(), Life.stored(storage));
        MultiLayerNetwork network = adapted.model();
        Life.fillB(network.paramTable());
        double score = network.score(Life.data(1));
        INDArray start = network.params().dup();

        try (ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .trainingMode(ParallelWrapper.TrainingMode.SHARED_GRADIENTS)
                .thresholdAlgorithm(new FixedThresholdAlgorithm(1e-3))
                .workers(WORKERS)
                .prefetchBuffer(0)
                .build()) {
            for (int i = 0; i < 10; i++) {
                wrapper.fit(Life.batches(4));
            }
        }

        assertThat(network.params().sub(start).amaxNumber().doubleValue()).isPositive();
        assertThat(network.score(Life.data(1))).isLessThan(score);
        Life.assertSame(base.params(), before);
        Life.assertSame(adapted.detach().params(), before);
        assertThat(adapted.describe())
                .contains("fc1.WloraA [5, 2] FACTOR_A, rate 0.1")
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.8");
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
