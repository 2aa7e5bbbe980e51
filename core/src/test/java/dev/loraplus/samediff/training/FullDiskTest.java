package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.loraplus.io.CheckpointFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trains where the system lets no file grow beyond two kilobytes, so that real writes fail in the middle. */
class FullDiskTest {
    private static final int LIMIT_KILOBYTES = 2;
    private static final int EPOCHS = 4;

    @TempDir
    Path folder;

    @Test
    void fullDisk_losesNothing_andIsTold() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "needs bash, whose ulimit bounds the size of files");
        Path full = folder.resolve("full");
        ResumedTraining.run(full, EPOCHS, builder -> builder.checkpointEvery(1).maxSteps(4));
        Path checkpoints = full.resolve("checkpoints");
        String[] before = checkpoints.toFile().list();
        assertThat(Files.size(checkpoints.resolve("step-000000000004.checkpoint")))
                .isGreaterThan(1024L * LIMIT_KILOBYTES);

        String text = limited(full);

        assertThat(text)
                .contains("Could not write a checkpoint in '" + checkpoints + "'")
                .contains("What was there before is kept; training goes on")
                .contains("fit: Training went on to its end, but could not write")
                .contains("steps 12");
        assertThat(sorted(checkpoints.toFile().list())).isEqualTo(sorted(before));
        CheckpointFile.read(checkpoints.resolve("step-000000000004.checkpoint"));
        ResumedTraining.Outcome whole = ResumedTraining.run(folder.resolve("whole"), EPOCHS, builder -> builder);
        assertThat(text).contains("parameters " + FullDiskTraining.digest(whole.values()));
        ResumedTraining.Outcome resumed = ResumedTraining.run(full, EPOCHS, builder -> builder.checkpointEvery(1));
        for (Map.Entry<String, INDArray> entry : whole.values().entrySet()) {
            assertThat(resumed.values().get(entry.getKey()).equalsWithEps(entry.getValue(), 0))
                    .as(entry.getKey())
                    .isTrue();
        }
        assertThat(full.resolve("metrics.jsonl")).hasSameBinaryContentAs(folder.resolve("whole/metrics.jsonl"));
    }

    private static List<String> sorted(String[] names) {
        return Arrays.stream(names).sorted().toList();
    }

    private static String limited(Path full) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Process process = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        "ulimit -f " + LIMIT_KILOBYTES + "; exec \"$@\"",
                        "limited",
                        java,
                        "-Xmx256m",
                        "-XX:-UsePerfData",
                        "-XX:TieredStopAtLevel=1",
                        "-Dorg.nd4j.log.initialization=false",
                        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                        "-Dorg.slf4j.simpleLogger.log.dev.loraplus=warn",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FullDiskTraining.class.getName(),
                        full.toString(),
                        Integer.toString(EPOCHS))
                .redirectErrorStream(true)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }
}
