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
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelInference;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.parallelism.inference.InferenceMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

class ParallelTest {
    private static final double RATE = 0.1;
    private static final int WORKERS = 2;
    private static final int ROUNDS = 5;

    @ParameterizedTest
    @EnumSource(Storage.class)
    @Timeout(120)
    void averaging_makesReplicasTheirMean_andEachLearnsAtTheRatesOfItsFactors(Storage storage) throws Exception {
        assertAverages(LoraPlus.attach(sgd(), Life.config(), Life.stored(storage)), "0_W", "1_W", "2_W");
    }

    @Test
    @Timeout(120)
    void averaging_holdsForGraphs() throws Exception {
        assertAverages(LoraPlus.attach(sgdGraph(), Life.config()), "left_W", "right_W", "out_W");
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    @Timeout(120)
    void sharedGradients_keepReplicasEqual_andEachLearnsAtTheRatesOfItsFactors(Storage storage) throws Exception {
        assertShares(LoraPlus.attach(sgd(), Life.config(), Life.stored(storage)), "0_W", "1_W", "2_W");
    }

    @Test
    @Timeout(120)
    void sharedGradients_holdForGraphs() throws Exception {
        assertShares(LoraPlus.attach(sgdGraph(), Life.config()), "left_W", "right_W", "out_W");
    }

    private static void assertAverages(AdaptedNetwork<? extends Model> adapted, String... weights) throws Exception {
        Model network = adapted.model();
        List<List<Replicas.Step>> replicas = train(adapted, ParallelWrapper.TrainingMode.AVERAGING, weights);
        INDArray mean = network.params();
        for (int i = ROUNDS - 1; i >= 0; i--) {
            Replicas.Step first = replicas.get(0).get(i);
            Replicas.Step second = replicas.get(1).get(i);
            assertThat(first.after()).isNotEqualTo(second.after());
            Life.assertClose(mean, first.after().add(second.after()).divi(2), 1e-15);
            if (i > 0) { // DL4J may copy the second replica while the first learns already
                Life.assertSame(second.before(), first.before());
            }
            mean = first.before();
        }
    }

    private static void assertShares(AdaptedNetwork<? extends Model> adapted, String... weights) throws Exception {
        Model network = adapted.model();
        List<List<Replicas.Step>> replicas = train(adapted, ParallelWrapper.TrainingMode.SHARED_GRADIENTS, weights);
        for (int i = 0; i < ROUNDS; i++) {
            Life.assertSame(
                    replicas.get(1).get(i).before(), replicas.get(0).get(i).before());
            Life.assertSame(
                    replicas.get(1).get(i).after(), replicas.get(0).get(i).after());
        }
        Life.assertSame(network.params(), replicas.get(0).get(ROUNDS - 1).after());
    }

    /** Trains two replicas on different data; each must move its own factors by its own gradients, at their rates. */
    private static List<List<Replicas.Step>> train(
            AdaptedNetwork<? extends Model> adapted, ParallelWrapper.TrainingMode mode, String... weights)
            throws Exception {
        Model network = adapted.model();
        INDArray base = adapted.detach().params().dup();
        Life.fillB(network.paramTable());
        double score = score(network);
        Replicas replicas = new Replicas();
        network.setListeners(replicas);
        try (ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .trainingMode(mode)
                .gradientsAccumulator(replicas.accumulator(WORKERS, network))
                .averagingFrequency(1)
                .workers(WORKERS)
                .prefetchBuffer(0)
                .build()) {
            // DL4J may lock itself up in a second call, plain networks too.
            wrapper.fit(Life.batchesInTurn(WORKERS * ROUNDS));
        }
        assertThat(score(network)).isLessThan(score);
        Life.assertSame(adapted.detach().params(), base);
        assertThat(replicas.all()).hasSize(WORKERS).allSatisfy(steps -> assertRates(steps, weights));
        return List.copyOf(replicas.all());
    }

    private static void assertRates(List<Replicas.Step> steps, String... weights) {
        assertThat(steps).hasSize(ROUNDS);
        for (Replicas.Step step : steps) {
            step.own()
                    .assertRates(weights[0], RATE)
                    .assertRates(weights[1], RATE)
                    .assertRate(weights[2], RATE);
        }
    }

    private static double score(Model model) {
        return score(model, Life.data(1)) + score(model, Life.data(2));
    }

    private static double score(Model model, DataSet data) {
        return model instanceof MultiLayerNetwork network
                ? network.score(data)
                : ((ComputationGraph) model).score(data);
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

    private static ComputationGraph sgdGraph() {
        return Life.graph(new Sgd(RATE), new Sgd(RATE), new Sgd(RATE));
    }
}
