package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.io.CheckpointFile;
import dev.loraplus.optim.Optimizers;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.training.ResumedTraining.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What resume does not accept, or accepts with a note. */
class CheckpointRefusalTest {
    @TempDir
    Path folder;

    @Test
    void damagedNewest_fallsBackToTheOneBefore_andEndsTheSame() throws IOException {
        Outcome whole = ResumedTraining.run(folder.resolve("whole"), 3, builder -> builder);
        long seed = 99;
        Random random = new Random(seed);
        for (int damaged = 1; damaged <= 2; damaged++) {
            Path at = folder.resolve("damaged" + damaged);
            ResumedTraining.run(at, 3, builder -> builder.checkpointEvery(1).maxSteps(7));
            List<Path> files = files(at);
            assertThat(files).hasSize(3);
            for (Path file : files.subList(3 - damaged, 3)) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                Files.write(file, bytes);
            }
            Outcome resumed = ResumedTraining.run(at, 3, builder -> builder);
            assertThat(resumed.result().losses())
                    .as("seed %d", seed)
                    .isEqualTo(whole.result().losses());
            whole.values().forEach((name, value) -> assertThat(
                            resumed.values().get(name).equalsWithEps(value, 0))
                    .as("seed %d, %s", seed, name)
                    .isTrue());
        }
    }

    @Test
    void allDamaged_isAnError_andNothingIsTrained() throws IOException {
        ResumedTraining.run(folder, 3, builder -> builder.checkpointEvery(1).maxSteps(4));
        for (Path file : files(folder)) {
            byte[] bytes = Files.readAllBytes(file);
            Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 3));
        }
        assertThatThrownBy(() -> ResumedTraining.run(folder, 3, builder -> builder))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("None of the 3 checkpoints")
                .hasMessageContaining("step-");
    }

    @Test
    void checkpointsThatAreNotResumed_areNotOverwritten() throws IOException {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(adapted).checkpoints(folder).build()) {
            trainer.fit(LoraTrainerTest.data(2), 1);
        }
        byte[] before = Files.readAllBytes(folder.resolve("step-000000000002.checkpoint"));
        assertThatThrownBy(() ->
                        LoraTrainerTest.trainer(adapted).checkpoints(folder).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("step-000000000002.checkpoint")
                .hasMessageContaining("resume()");
        assertThat(Files.readAllBytes(folder.resolve("step-000000000002.checkpoint")))
                .isEqualTo(before);
    }

    @Test
    void otherSettings_areNamed() {
        ResumedTraining.run(folder, 1, builder -> builder);
        Map<String, UnaryOperator<LoraTrainerBuilder>> changes = new LinkedHashMap<>();
        changes.put("eta was 0.01, is 0.02", builder -> builder.eta(0.02));
        changes.put("weightDecay", builder -> builder.weightDecay(0.1));
        changes.put("optimizer was AdamW", builder -> builder.optimizer(Optimizers.rmsProp()));
        changes.put("schedule", builder -> builder.schedule(Schedule.constant()));
        changes.put("accumulate was 2, is 3", builder -> builder.accumulate(3));
        changes.put("maxGradientNorm", builder -> builder.maxGradientNorm(0));
        changes.put("earlyStopping", builder -> builder.earlyStopping(3, 0));
        changes.put("evaluate every was 3, is 4", builder -> builder.evaluate(4, Metric.lower("loss", t -> 0)));
        changes.forEach((words, change) -> assertThatThrownBy(() -> ResumedTraining.run(folder, 1, change))
                .as(words)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(words)
                .hasMessageContaining("start anew"));
    }

    @Test
    void anotherBaseAndAnotherAdapter_areRefused_andLeftAsTheyAre() {
        ResumedTraining.run(folder, 1, builder -> builder);
        SameDiff changed = Fixtures.mlp(DataType.FLOAT);
        changed.getVariable("layer0.bias").getArr().putScalar(0, 9);
        LoraConfig config = ResumedTraining.adapted().config();
        AdaptedGraph other = LoraPlus.attach(changed, config);
        Map<String, INDArray> before = Fixtures.values(other);
        assertThatThrownBy(() -> ResumedTraining.settings(other, folder).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("base was");
        assertThat(Fixtures.values(other)).isEqualTo(before);
        AdaptedGraph larger = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT), config.toBuilder().rank(3).build());
        assertThatThrownBy(() -> ResumedTraining.settings(larger, folder).build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("adapter was");
    }

    @Test
    void otherData_andTooFewData_areRefusedInWords() {
        ResumedTraining.run(folder, 3, builder -> builder.maxSteps(4));
        AdaptedGraph adapted = ResumedTraining.adapted();
        try (LoraTrainer trainer = ResumedTraining.settings(adapted, folder).build()) {
            assertThatThrownBy(() -> trainer.fit(ResumedTraining.batches(40, ResumedTraining.BATCHES), 3))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("same data in the same order");
        }
        try (LoraTrainer trainer =
                ResumedTraining.settings(ResumedTraining.adapted(), folder).build()) {
            assertThatThrownBy(() -> trainer.fit(ResumedTraining.batches(0, 1), 3))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("1 of 2 batches");
        }
    }

    @Test
    void lastOnesAreKept_andHalfWrittenFilesAreCleanedUp() throws IOException {
        Path checkpoints = folder.resolve("checkpoints");
        Files.createDirectories(checkpoints);
        Path half = Files.writeString(checkpoints.resolve(".step-000000000007.checkpoint.some.tmp"), "half");
        Path foreign = Files.writeString(checkpoints.resolve("notes.txt"), "mine");
        ResumedTraining.run(folder, 3, builder -> builder.checkpointEvery(1).keepLast(2));
        assertThat(half).doesNotExist();
        assertThat(foreign).exists();
        assertThat(files(folder).stream().map(file -> file.getFileName().toString()))
                .containsExactly("step-000000000008.checkpoint", "step-000000000009.checkpoint");
    }

    @Test
    void folderThatIsAFile_isRefusedBeforeTraining() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "mine");
        for (Path path : List.of(file, file.resolve("below"))) {
            assertThatThrownBy(() -> LoraTrainerTest.trainer(LoraTrainerTest.attached(DataType.FLOAT))
                            .checkpoints(path)
                            .build())
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(path.toString());
        }
        assertThat(file).hasContent("mine");
    }

    @Test
    void folderThatVanishes_isTold_andTheTrainingGoesOn() throws IOException {
        Outcome whole = ResumedTraining.run(folder.resolve("whole"), 3, builder -> builder);
        Path at = folder.resolve("vanishing");
        Path checkpoints = at.resolve("checkpoints");
        AdaptedGraph adapted = ResumedTraining.adapted();
        List<String> told = new ArrayList<>();
        try (LoraTrainer trainer = ResumedTraining.settings(adapted, at)
                .checkpointEvery(1)
                .onStep(report -> {
                    if (report.step() == 4) {
                        replaceByFile(checkpoints);
                    }
                })
                .build()) {
            assertThatThrownBy(() -> trainer.fit(ResumedTraining.data(), 3))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("a checkpoint in")
                    .satisfies(e -> told.add(e.getMessage()));
        }
        assertThat(told).hasSize(1);
        whole.values().forEach((name, value) -> assertThat(
                        Fixtures.value(adapted, name).equalsWithEps(value, 0))
                .as(name)
                .isTrue());
    }

    private static void replaceByFile(Path folder) {
        try {
            for (Path file : files(folder.getParent())) {
                Files.delete(file);
            }
            Files.delete(folder);
            Files.writeString(folder, "in the way");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void anotherSetUp_isNoted_andAnotherVersion() {
        AdaptedGraph adapted = ResumedTraining.adapted();
        TrainerSettings settings = new TrainerSettings();
        settings.eta = 1;
        TrainingRecord record = new TrainingRecord(adapted, Optimizers.adamW(), List.of("loss"), settings);
        Map<String, String> same = Map.of(CheckpointFile.VERSION, CheckpointFile.version());
        assertThat(record.setup().get("native build")).contains("threads");
        assertThat(record.difference(record.setup(), same)).isEmpty();
        Map<String, String> other = new LinkedHashMap<>(record.setup());
        other.put("native build", "native build linux-x86_64-compat, OPENBLAS, 64 threads");
        assertThat(record.difference(other, Map.of(CheckpointFile.VERSION, "0.0.1")))
                .contains("64 threads")
                .contains("library was 0.0.1");
        ResumedTraining.run(folder, 3, builder -> builder.maxSteps(2));
        assertThat(ResumedTraining.run(folder, 3, builder -> builder.kernels(false))
                        .result()
                        .steps())
                .isEqualTo(9);
    }

    @Test
    void optionsWithoutEffect_andSingleSteps_areRefusedInWords() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        refused(LoraTrainerTest.trainer(adapted).resume(), "resume");
        refused(LoraTrainerTest.trainer(adapted).keepLast(2), "keepLast");
        refused(LoraTrainerTest.trainer(adapted).checkpointEvery(2), "checkpointEvery");
        assertThatThrownBy(() -> LoraTrainerTest.trainer(adapted).keepLast(0)).hasMessageContaining("at least 1");
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(adapted).checkpoints(folder).build()) {
            assertThatThrownBy(() -> trainer.step(Fixtures.batch(1, DataType.FLOAT)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("use fit");
        }
    }

    private static void refused(LoraTrainerBuilder builder, String word) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(word + " has no effect");
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("checkpoints"))) {
            return files.filter(file -> file.toString().endsWith(".checkpoint"))
                    .sorted()
                    .toList();
        }
    }
}
