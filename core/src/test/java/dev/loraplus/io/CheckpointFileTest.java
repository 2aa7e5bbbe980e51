package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CheckpointFileTest {
    @TempDir
    Path folder;

    @Test
    void everyBitOfBothTypes_comesBack() throws IOException {
        float[] floats = {1 / 3f, -0f, Float.MIN_VALUE, Float.MAX_VALUE, Float.NaN, Float.NEGATIVE_INFINITY};
        double[] doubles = {1 / 3.0, -0.0, Double.MIN_VALUE, Double.MAX_VALUE, Double.NaN, Double.POSITIVE_INFINITY};
        Path file = folder.resolve("some.checkpoint");
        Map<String, INDArray> tensors = Map.of(
                "floats", Nd4j.createFromArray(floats).reshape('c', 2, 3),
                "doubles", Nd4j.createFromArray(doubles).reshape('c', 3, 2));

        new CheckpointFile(tensors, Map.of("state", "{\"a\":\"\u00fc\"}")).write(file);
        CheckpointFile read = CheckpointFile.read(file);

        assertThat(read.texts()).containsEntry("state", "{\"a\":\"\u00fc\"}").containsKey(CheckpointFile.VERSION);
        assertThat(read.tensors()).hasSize(2);
        INDArray single = read.tensors().get("floats");
        INDArray twice = read.tensors().get("doubles");
        assertThat(single.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(twice.dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(single.shape()).containsExactly(2, 3);
        assertThat(twice.shape()).containsExactly(3, 2);
        assertThat(Arrays.equals(single.data().asFloat(), floats)).isTrue();
        assertThat(Arrays.equals(twice.data().asDouble(), doubles)).isTrue();
    }

    @Test
    void everyFlippedBit_everyTruncation_andAnythingAppended_isRefused() throws IOException {
        Path file = written();
        byte[] good = Files.readAllBytes(file);
        int refused = 0;
        for (int at = 0; at < good.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] bad = good.clone();
                bad[at] ^= (byte) (1 << bit);
                refused += refuses(file, bad, "byte " + at + ", bit " + bit);
            }
        }
        for (int length = 0; length < good.length; length++) {
            refused += refuses(file, Arrays.copyOf(good, length), "length " + length);
        }
        refused += refuses(file, Arrays.copyOf(good, good.length + 1), "one byte more");
        assertThat(refused).isEqualTo(9 * good.length + 1);
        System.out.println("checkpoint file: " + refused + " mutations of " + good.length + " bytes refused");
    }

    @Test
    void randomBytes_areRefused() throws IOException {
        Path file = folder.resolve("random");
        long seed = 7;
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            refuses(file, bytes, "seed " + seed + ", case " + i);
        }
    }

    @Test
    void otherTypesAndMissingFiles_areRefusedInWords() {
        Path file = folder.resolve("none");
        assertThatThrownBy(() -> CheckpointFile.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
        INDArray whole = Nd4j.createFromArray(1, 2);
        assertThatThrownBy(() -> new CheckpointFile(Map.of("count", whole), Map.of()).write(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("count");
        INDArray half = Nd4j.createFromArray(1f).castTo(DataType.HALF);
        assertThatThrownBy(() -> new CheckpointFile(Map.of("half", half), Map.of()).write(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HALF");
        assertThat(file).doesNotExist();
    }

    private Path written() throws IOException {
        Path file = folder.resolve("small.checkpoint");
        new CheckpointFile(
                        Map.of("a", Nd4j.createFromArray(1f, 2f), "b", Nd4j.createFromArray(3.0)),
                        Map.of("state", "{\"step\":1}"))
                .write(file);
        return file;
    }

    private static int refuses(Path file, byte[] bytes, String how) throws IOException {
        Files.write(file, bytes);
        assertThatThrownBy(() -> CheckpointFile.read(file))
                .as(how)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
        return 1;
    }
}
