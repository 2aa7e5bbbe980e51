package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.io.CheckpointFile;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Kills a training again and again, and lets it come to its end. */
class KillTest {
    private static final int KILLS = 20;
    private static final int EPOCHS = 80;
    private static final long SEED = 20240611;
    private static final int MOST_STEPS = 8;
    private static final int LONGEST_MILLIS = 30;

    @TempDir
    Path folder;

    private int inWriting;

    @Test
    void killedAtTwentyMoments_theTrainingEndsBitForBitAsIfNeverKilled() throws Exception {
        Path killed = folder.resolve("killed");
        Random random = new Random(SEED);
        Child next = new Child(killed);
        for (int kill = 0; kill < KILLS; kill++) {
            Child child = next;
            child.go();
            next = new Child(killed);
            boolean starting = kill % 7 == 3;
            boolean writing = kill % 3 == 2;
            int steps = starting ? 0 : 1 + random.nextInt(MOST_STEPS);
            child.killAfter(killed.resolve("checkpoints"), steps, random.nextInt(LONGEST_MILLIS), writing);
            assertThat(killed.resolve("final"))
                    .as("seed %d: the training was over before kill %d", SEED, kill + 1)
                    .doesNotExist();
        }
        List<Path> left = checkpoints(killed);
        assertThat(left).as("checkpoints before the last start").isNotEmpty();
        next.go();
        next.finish();

        Path whole = folder.resolve("whole");
        ResumedTraining.Outcome expected = ResumedTraining.run(whole, EPOCHS, builder -> builder.checkpointEvery(1000));
        CheckpointFile found = CheckpointFile.read(killed.resolve("final"));
        assertThat(found.tensors().keySet()).isEqualTo(expected.values().keySet());
        for (Map.Entry<String, INDArray> tensor : expected.values().entrySet()) {
            assertThat(found.tensors().get(tensor.getKey()).equalsWithEps(tensor.getValue(), 0))
                    .as("seed %d: %s", SEED, tensor.getKey())
                    .isTrue();
        }
        assertThat(found.texts()).containsEntry("best", expected.best().toString());
        assertThat(killed.resolve("metrics.jsonl")).hasSameBinaryContentAs(whole.resolve("metrics.jsonl"));
        assertThat(killed.resolve("best/adapter_model.safetensors"))
                .hasSameBinaryContentAs(whole.resolve("best/adapter_model.safetensors"));
        System.out.printf(
                "kill test: %d kills (seed %d), %d of them while a temporary file was there, last resume at %s;"
                        + " %d steps, parameters, metrics and best adapter as if never killed%n",
                KILLS,
                SEED,
                inWriting,
                left.get(left.size() - 1).getFileName(),
                expected.result().steps());
    }

    private static List<Path> checkpoints(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve("checkpoints"))) {
            return files.filter(file -> file.toString().endsWith(".checkpoint"))
                    .sorted()
                    .toList();
        }
    }

    /** A process that waits until it is told to go. */
    private final class Child {
        private final Process process;
        private final BufferedReader output;
        private final StringBuilder said = new StringBuilder();

        Child(Path killed) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx256m",
                            "-Xshare:auto",
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-Dorg.nd4j.log.initialization=false",
                            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                            "-cp",
                            System.getProperty("java.class.path"),
                            KilledTraining.class.getName(),
                            killed.toString(),
                            Integer.toString(EPOCHS))
                    .redirectErrorStream(true)
                    .start();
            output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        }

        void go() throws IOException {
            readUntil("ready");
            process.getOutputStream().write('g');
            process.getOutputStream().flush();
        }

        /** Waits for some checkpoints more, then some time more, and then perhaps for a temporary file. */
        void killAfter(Path checkpoints, int steps, int millis, boolean writing) throws Exception {
            long first = newest(checkpoints);
            await(() -> newest(checkpoints) >= first + steps);
            Thread.sleep(millis);
            await(() -> !writing || isWriting(checkpoints));
            process.destroyForcibly();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            if (isWriting(checkpoints)) {
                inWriting++;
            }
            output.close();
        }

        private void await(BooleanSupplier condition) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (!condition.getAsBoolean() && System.nanoTime() < end && process.isAlive()) {
                LockSupport.parkNanos(200_000);
            }
        }

        void finish() throws Exception {
            readUntil("done");
            assertThat(process.waitFor()).isZero();
        }

        private void readUntil(String word) throws IOException {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                said.append(line).append(System.lineSeparator());
                if (line.equals(word)) {
                    return;
                }
            }
            throw new AssertionError("The process ended before it said '" + word + "': " + said);
        }

        private static boolean isWriting(Path folder) {
            return names(folder).anyMatch(name -> name.startsWith(".step-"));
        }

        private static long newest(Path folder) {
            return names(folder)
                    .filter(name -> name.endsWith(".checkpoint"))
                    .mapToLong(name -> Long.parseLong(name.replaceAll("\\D", "")))
                    .max()
                    .orElse(0);
        }

        private static Stream<String> names(Path folder) {
            String[] names = new File(folder.toString()).list();
            return names == null ? Stream.empty() : Stream.of(names);
        }
    }
}
