package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.Optimizers;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.training.ResumedTraining.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

class ResumeTest {
    private static final int EPOCHS = 3;
    private static final int STEPS = 9;

    @TempDir
    Path folder;

    @Test
    void stoppedAfterAnyStep_everyOptimizerGoesOnBitForBit() {
        List<Supplier<Optimizer>> optimizers = List.of(
                Optimizers::adamW,
                Optimizers::amsGrad,
                Optimizers::nadam,
                () -> Optimizers.sgd(0),
                () -> Optimizers.nesterov(0.9),
                Optimizers::rmsProp,
                Optimizers::adaGrad);
        for (Supplier<Optimizer> optimizer : optimizers) {
            String name = optimizer.get().name();
            Outcome whole = ResumedTraining.run(
                    folder.resolve(name + "/whole"), EPOCHS, builder -> builder.optimizer(optimizer.get()));
            for (int stop = 1; stop < STEPS; stop += 3) {
                Path at = folder.resolve(name + "/" + stop);
                long steps = stop;
                ResumedTraining.run(at, EPOCHS, builder -> builder.optimizer(optimizer.get())
                        .maxSteps(steps));
                Outcome resumed = ResumedTraining.run(at, EPOCHS, builder -> builder.optimizer(optimizer.get()));
                assertSame(resumed, whole, name + " stopped after step " + stop);
            }
        }
    }

    @Test
    void stoppedAtEveryStepInTurn_theReportIsTheWholeOne() {
        Outcome whole = ResumedTraining.run(folder.resolve("whole"), EPOCHS, builder -> builder);
        Outcome last = whole;
        for (int stop = 1; stop <= STEPS; stop++) {
            long steps = stop;
            last = ResumedTraining.run(folder.resolve("parts"), EPOCHS, builder -> builder.maxSteps(steps));
            assertThat(last.result().steps()).isEqualTo(stop);
        }
        assertSame(last, whole, "all stops");
        assertThat(last.result().steps()).isEqualTo(STEPS);
        assertThat(last.result().examples()).isEqualTo((long) EPOCHS * ResumedTraining.BATCHES * Fixtures.BATCH);
        assertThat(folder.resolve("parts/metrics.jsonl")).hasSameBinaryContentAs(folder.resolve("whole/metrics.jsonl"));
        assertThat(folder.resolve("parts/best/adapter_model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("whole/best/adapter_model.safetensors"));
    }

    @Test
    void fromACheckpointInTheMiddle_theLaterStepsAreTakenAgain() throws IOException {
        Outcome whole = ResumedTraining.run(
                folder, EPOCHS, builder -> builder.checkpointEvery(1).keepLast(100));
        byte[] metrics = Files.readAllBytes(folder.resolve("metrics.jsonl"));
        List<Path> written = checkpoints();
        assertThat(written).hasSize(STEPS);
        for (int kept = STEPS - 1; kept >= 0; kept--) {
            for (Path file : checkpoints().subList(kept, checkpoints().size())) {
                Files.delete(file);
            }
            Outcome again = ResumedTraining.run(
                    folder, EPOCHS, builder -> builder.checkpointEvery(1).keepLast(100));
            assertSame(again, whole, kept + " checkpoints");
            assertThat(Files.readAllBytes(folder.resolve("metrics.jsonl"))).isEqualTo(metrics);
            assertThat(checkpoints()).isEqualTo(written);
        }
    }

    @Test
    void severalCallsOfFit_areRepeated_andThoseThatEndedReturnAtOnce() {
        List<TrainingResult> whole = threeFits(folder.resolve("whole"), Long.MAX_VALUE);
        Map<String, INDArray> expected = last;
        for (long stop = 1; stop < 15; stop++) {
            Path at = folder.resolve("stop" + stop);
            threeFits(at, stop);
            List<TrainingResult> resumed = threeFits(at, Long.MAX_VALUE);
            for (int i = 0; i < 3; i++) {
                assertThat(resumed.get(i).losses())
                        .as("fit %d after a stop at step %d", i, stop)
                        .isEqualTo(whole.get(i).losses());
            }
            assertSameValues(last, expected, "stop at step " + stop);
        }
        assertThat(threeFits(folder.resolve("whole"), Long.MAX_VALUE).get(2).losses())
                .isEqualTo(whole.get(2).losses());
        assertSameValues(last, expected, "all done before");
    }

    private Map<String, INDArray> last = Map.of();

    private List<TrainingResult> threeFits(Path at, long maxSteps) {
        AdaptedGraph adapted = ResumedTraining.adapted();
        List<TrainingResult> results = new ArrayList<>();
        try (LoraTrainer trainer =
                ResumedTraining.settings(adapted, at).maxSteps(maxSteps).build()) {
            DataSetIterator one = ResumedTraining.data();
            results.add(trainer.fit(one, 2));
            results.add(trainer.fit(one, 1));
            results.add(trainer.fit(ResumedTraining.batches(30, 3), 3));
        }
        last = Fixtures.values(adapted);
        return results;
    }

    @Test
    void moreEpochsThanBefore_goOnWhereTheLastFitEnded() {
        Outcome whole = ResumedTraining.run(folder.resolve("whole"), 4, builder -> builder);
        ResumedTraining.run(folder.resolve("parts"), 2, builder -> builder);
        Outcome resumed = ResumedTraining.run(folder.resolve("parts"), 4, builder -> builder);
        assertSame(resumed, whole, "two epochs more");
    }

    @Test
    void shuffledData_comeInTheOrderOfTheUninterruptedTraining() {
        Map<String, INDArray> expected = shuffled(folder.resolve("whole"), Long.MAX_VALUE);
        for (long stop = 1; stop < 12; stop += 2) {
            Path at = folder.resolve("stop" + stop);
            shuffled(at, stop);
            assertSameValues(shuffled(at, Long.MAX_VALUE), expected, "stop at step " + stop);
        }
    }

    private static Map<String, INDArray> shuffled(Path at, long maxSteps) {
        AdaptedGraph adapted = ResumedTraining.adapted();
        try (LoraTrainer trainer =
                ResumedTraining.settings(adapted, at).maxSteps(maxSteps).build()) {
            trainer.fit(new Shuffling(3), 4);
        }
        return Fixtures.values(adapted);
    }

    /** Draws the order of a pass from the state that the draws before it have left. */
    private static final class Shuffling extends ListDataSetIterator<DataSet> {
        private static final long serialVersionUID = 1L;
        private final Random random;
        private final List<DataSet> all = new ArrayList<>();
        private int next;

        Shuffling(long seed) {
            super(List.of(), 1);
            random = new Random(seed);
            DataSetIterator data = ResumedTraining.data();
            data.forEachRemaining(all::add);
            java.util.Collections.shuffle(all, random);
        }

        @Override
        public boolean hasNext() {
            return next < all.size();
        }

        @Override
        public DataSet next() {
            return all.get(next++);
        }

        /** As some of DL4J's do: a pass that was not begun is not drawn again. */
        @Override
        public void reset() {
            if (next > 0) {
                java.util.Collections.shuffle(all, random);
                next = 0;
            }
        }
    }

    @Test
    void doublePrecisionWithoutAccumulation_goesOnBitForBit() {
        Map<String, INDArray> expected = doubles(folder.resolve("whole"), Long.MAX_VALUE);
        for (long stop = 1; stop < 10; stop += 3) {
            doubles(folder.resolve("stop" + stop), stop);
            assertSameValues(doubles(folder.resolve("stop" + stop), Long.MAX_VALUE), expected, "stop " + stop);
        }
    }

    @Test
    void everyKindOfParameter_andBasesThatTheStartChanges_goOnBitForBit() {
        LoraConfig.Builder plain = LoraConfig.builder().rank(2).dropout(0.2);
        List<LoraConfig> configs = List.of(
                plain.dora(true).bias(Bias.ALL).build(),
                plain.dora(false)
                        .bias(Bias.LORA_ONLY)
                        .loraBias(true)
                        .lambdaPattern("layer1", 3)
                        .build(),
                plain.bias(Bias.NONE)
                        .loraBias(false)
                        .initialization(Initialization.PISSA)
                        .build(),
                plain.initialization(Initialization.OLORA).build());
        for (LoraConfig config : configs) {
            Map<String, INDArray> expected = doubles(folder.resolve(config.hashCode() + "whole"), config, 100);
            for (long stop = 2; stop < 12; stop += 5) {
                Path at = folder.resolve(config.hashCode() + "stop" + stop);
                doubles(at, config, stop);
                assertSameValues(doubles(at, config, 100), expected, config + ", stop " + stop);
            }
        }
    }

    private static Map<String, INDArray> doubles(Path at, long maxSteps) {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.DOUBLE);
        return doubles(at, adapted, maxSteps);
    }

    private static Map<String, INDArray> doubles(Path at, LoraConfig config, long maxSteps) {
        return doubles(at, LoraPlus.attach(Fixtures.mlp(DataType.DOUBLE), config), maxSteps);
    }

    private static Map<String, INDArray> doubles(Path at, AdaptedGraph adapted, long maxSteps) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Map<String, INDArray> batch = Fixtures.batch(i, DataType.DOUBLE);
            all.add(new DataSet(batch.get("x"), batch.get("labels")));
        }
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .checkpoints(at)
                .resume()
                .maxSteps(maxSteps)
                .build()) {
            trainer.fit(new ListDataSetIterator<>(all, 1), 3);
        }
        return Fixtures.values(adapted);
    }

    @Test
    void earlyStopping_waitsOnAcrossAResume() {
        Outcome whole = stuck(folder.resolve("whole"), Long.MAX_VALUE);
        assertThat(whole.result().steps()).isLessThan(40);
        for (long stop = 1; stop < whole.result().steps(); stop++) {
            Path at = folder.resolve("stop" + stop);
            stuck(at, stop);
            assertSame(stuck(at, Long.MAX_VALUE), whole, "stop at step " + stop);
        }
        assertSame(stuck(folder.resolve("whole"), Long.MAX_VALUE), whole, "stopped for good");
    }

    /** A metric that gets worse from the sixth step on. */
    private static Outcome stuck(Path at, long maxSteps) {
        return ResumedTraining.run(at, 20, builder -> builder.maxSteps(maxSteps)
                .evaluate(2, Metric.lower("distance", trainer -> Math.abs(trainer.steps() - 6)))
                .earlyStopping(3, 0.5));
    }

    @Test
    void listenersGetTheLossCurveOfAllEpochs() {
        List<Double> whole = curve(folder.resolve("whole"), Long.MAX_VALUE);
        curve(folder.resolve("parts"), 5);
        assertThat(curve(folder.resolve("parts"), Long.MAX_VALUE)).isEqualTo(whole);
    }

    private static List<Double> curve(Path at, long maxSteps) {
        List<Double> means = new ArrayList<>();
        ResumedTraining.run(at, EPOCHS, builder -> builder.maxSteps(maxSteps).listeners(new BaseListener() {
            @Override
            public boolean isActive(Operation operation) {
                return true;
            }

            @Override
            public ListenerResponse epochEnd(SameDiff graph, At at, LossCurve curve, long millis) {
                means.clear();
                for (int i = 0; i <= at.epoch(); i++) {
                    means.add(curve.meanLoss(i).totalLoss());
                }
                return ListenerResponse.CONTINUE;
            }
        }));
        return means;
    }

    private List<Path> checkpoints() throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("checkpoints"))) {
            return files.sorted().toList();
        }
    }

    private static void assertSame(Outcome found, Outcome expected, String what) {
        assertSameValues(found.values(), expected.values(), what);
        assertThat(found.result().losses()).as(what).isEqualTo(expected.result().losses());
        assertThat(found.result().steps()).as(what).isEqualTo(expected.result().steps());
        assertThat(found.result().examples())
                .as(what)
                .isEqualTo(expected.result().examples());
        assertThat(found.best()).as(what).isEqualTo(expected.best());
    }

    private static void assertSameValues(Map<String, INDArray> found, Map<String, INDArray> expected, String what) {
        assertThat(found.keySet()).as(what).isEqualTo(expected.keySet());
        expected.forEach((name, value) -> assertThat(found.get(name).equalsWithEps(value, 0))
                .as("%s: %s", what, name)
                .isTrue());
    }
}
