package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class SafetensorsTest {
    private static final Path PEFT = Path.of("src/test/resources/peft-0.21.2-bert-qv/adapter_model.safetensors");

    private final Path folder;

    SafetensorsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void write_givesTheBytesOfTheReferenceImplementation() throws IOException {
        Path copy = folder.resolve("copy.safetensors");

        Safetensors.write(copy, Safetensors.read(PEFT).tensors(), Map.of());

        assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(PEFT));
    }

    @Test
    void read_keepsTheOrderAndTheTextsOfPeftsFile() throws IOException {
        Safetensors file = Safetensors.read(PEFT);

        assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"));
        assertThat(file.tensors()).hasSize(10);
        assertThat(file.tensors().keySet())
                .first()
                .isEqualTo("base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight");
        assertThat(file.tensors().keySet()).last().isEqualTo("base_model.model.classifier.weight");
        INDArray last = tensor(file, "base_model.model.classifier.weight");
        assertThat(last.shape()).containsExactly(5, 32);
        assertThat(last.getFloat(4, 31)).isEqualTo(0.054656517f);
        assertThat(file.dtype("base_model.model.classifier.weight")).isEqualTo("F32");
    }

    @Test
    void writeThenRead_keepsEveryBitOfEveryShape() throws IOException {
        float[] special = {0f, -0f, Float.MIN_VALUE, Float.NaN, Float.POSITIVE_INFINITY, 1f / 3};
        INDArray matrix = Nd4j.createFromArray(special).reshape('c', 2, 3);
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        tensors.put("z.matrix", matrix);
        tensors.put("fOrder", matrix.dup('f'));
        tensors.put("view", matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 3)));
        tensors.put("transpose", matrix.transpose());
        tensors.put("scalar", Nd4j.scalar(2.5f));
        tensors.put("empty", Nd4j.create(DataType.FLOAT, 0, 3));
        tensors.put("umlaut ä \" \\ \uD83D\uDE00", Nd4j.createFromArray(7f));
        tensors.put("long", Nd4j.linspace(DataType.FLOAT, 0, 1, 300_001));
        Path path = folder.resolve("deeper/t.safetensors");

        Safetensors.write(path, tensors, Map.of("key", "value ä"));
        Safetensors file = Safetensors.read(path);

        assertThat(file.metadata()).containsExactly(Map.entry("format", "pt"), Map.entry("key", "value ä"));
        assertThat(file.tensors().keySet())
                .containsExactly(
                        "empty",
                        "fOrder",
                        "long",
                        "scalar",
                        "transpose",
                        "umlaut ä \" \\ \uD83D\uDE00",
                        "view",
                        "z.matrix");
        tensors.forEach((name, expected) -> {
            INDArray actual = tensor(file, name);
            assertThat(actual.shape()).as(name).isEqualTo(expected.shape());
            assertThat(actual.ordering()).as(name).isEqualTo('c');
            assertThat(bits(actual)).as(name).isEqualTo(bits(expected));
        });
    }

    @Test
    void write_narrowsDoubleAndWidensBfloat16ToF32() throws IOException {
        Path path = folder.resolve("t.safetensors");

        Safetensors.write(
                path,
                Map.of(
                        "d", Nd4j.createFromArray(0.1, -2.0),
                        "b", Nd4j.createFromArray(-1.5f).castTo(DataType.BFLOAT16)),
                Map.of());
        Safetensors file = Safetensors.read(path);

        assertThat(tensor(file, "d").toFloatVector()).containsExactly(0.1f, -2f);
        assertThat(tensor(file, "b").toFloatVector()).containsExactly(-1.5f);
        assertThat(file.dtype("d")).isEqualTo("F32");
    }

    @Test
    void read_widensF16() throws IOException {
        byte[] data = HandMade.shorts(
                0x3C00, 0xC000, 0x7BFF, 0x0001, 0x03FF, 0x0400, 0x8000, 0x8001, 0x7C00, 0xFC00, 0x7E00, 0x3555);

        assertThat(read("F16", "[3,4]", data).ravel().toFloatVector())
                .containsExactly(
                        1f,
                        -2f,
                        65504f,
                        0x1p-24f,
                        1023 * 0x1p-24f,
                        0x1p-14f,
                        -0f,
                        -0x1p-24f,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY,
                        Float.NaN,
                        1365 * 0x1p-12f);
    }

    @Test
    void read_widensBf16() throws IOException {
        byte[] data = HandMade.shorts(0x3F80, 0xC049, 0x0001, 0x8000, 0x7F80, 0x7FC0);

        assertThat(read("BF16", "[6]", data).toFloatVector())
                .containsExactly(1f, -3.140625f, 0x1p-133f, -0f, Float.POSITIVE_INFINITY, Float.NaN);
    }

    @Test
    void read_takesWholeNumbersAndF64() throws IOException {
        assertThat(read("I64", "[1,2]", bytes(-1, -1, -1, -1, -1, -1, -1, -1, 2, 0, 0, 0, 1, 0, 0, 0))
                        .toLongVector())
                .containsExactly(-1L, (1L << 32) + 2);
        assertThat(read("U32", "[1]", bytes(-1, -1, -1, -1)).toLongVector()).containsExactly(0xFFFFFFFFL);
        assertThat(read("I32", "[2]", bytes(-2, -1, -1, -1, 1, 2, 0, 0)).toIntVector())
                .containsExactly(-2, 513);
        assertThat(read("I16", "[1]", bytes(-2, -1)).toIntVector()).containsExactly(-2);
        assertThat(read("U16", "[1]", bytes(-2, -1)).toIntVector()).containsExactly(65534);
        assertThat(read("I8", "[1]", bytes(-2)).toIntVector()).containsExactly(-2);
        assertThat(read("U8", "[1]", bytes(-2)).toIntVector()).containsExactly(254);
        assertThat(read("BOOL", "[2]", bytes(1, 0)).toIntVector()).containsExactly(1, 0);
        INDArray pi = read("F64", "[]", bytes(0x18, 0x2D, 0x44, 0x54, 0xFB, 0x21, 0x09, 0x40));
        assertThat(pi.dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(pi.rank()).isZero();
        assertThat(pi.getDouble()).isEqualTo(Math.PI);
    }

    @Test
    void read_needsNoPaddingAndNoSortedHeader() throws IOException {
        String second = HandMade.entry("b", "U8", "[1]", 1, 2);
        String first = HandMade.entry("a", "U8", "[1]", 0, 1);
        String header = "{" + second.substring(1, second.length() - 1) + "," + first.substring(1);

        Safetensors file = Safetensors.read(HandMade.write(folder, HandMade.file(header, (byte) 5, (byte) 6)));

        assertThat(file.tensors().keySet()).containsExactly("a", "b");
        assertThat(tensor(file, "b").getInt(0)).isEqualTo(6);
    }

    @Test
    void write_refusesWholeNumbersAndTheReservedName() {
        Path path = folder.resolve("t.safetensors");

        assertThatThrownBy(() -> Safetensors.write(path, Map.of("ids", Nd4j.createFromArray(1, 2)), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'ids'", "INT", "floating-point");
        assertThatThrownBy(() -> Safetensors.write(path, Map.of("__metadata__", Nd4j.createFromArray(1f)), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("__metadata__");
        assertThat(path).doesNotExist();
    }

    @Test
    void dtype_namesTheTensorsThatExist() throws IOException {
        Safetensors file = Safetensors.read(HandMade.write(folder, HandMade.tensor("U8", "[1]", (byte) 1)));

        assertThatThrownBy(() -> file.dtype("x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'x'", "[t]");
    }

    private INDArray read(String dtype, String shape, byte[] data) throws IOException {
        return tensor(Safetensors.read(HandMade.write(folder, HandMade.tensor(dtype, shape, data))), "t");
    }

    private static INDArray tensor(Safetensors file, String name) {
        return java.util.Objects.requireNonNull(file.tensors().get(name), name);
    }

    private static int[] bits(INDArray array) {
        int[] bits = new int[(int) array.length()];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(array.rank() == 2 ? at(array, i) : array.getFloat(i));
        }
        return bits;
    }

    private static float at(INDArray matrix, int index) {
        return matrix.getFloat(index / matrix.columns(), index % matrix.columns());
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
