package dev.loraplus.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Lays out a safetensors file as the reference implementation does: all tensors F32, or each in its own type. */
final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;

    private final SortedMap<String, INDArray> tensors =
            new TreeMap<>((left, right) -> Arrays.compareUnsigned(utf8(left), utf8(right)));
    private final SortedMap<String, String> metadata;

    private SafetensorsWriter(Map<String, INDArray> tensors, Map<String, String> metadata) {
        this.metadata = new TreeMap<>(metadata);
        tensors.forEach((name, tensor) -> {
            if (name.equals(SafetensorsHeader.METADATA)) {
                throw new IllegalArgumentException(
                        "A tensor can't be named '" + name + "', which safetensors reserves.");
            }
            if (!tensor.dataType().isFPType()) {
                throw new IllegalArgumentException(
                        "Tensor '" + name + "' has type " + tensor.dataType() + ", expected a floating-point type.");
            }
            this.tensors.put(name, tensor);
        });
    }

    /** Writes all tensors as F32, with the metadata that PyTorch's readers expect. */
    static SafetensorsWriter single(Map<String, INDArray> tensors, Map<String, String> metadata) {
        Map<String, INDArray> floats = new TreeMap<>(tensors);
        SafetensorsWriter writer = new SafetensorsWriter(floats, metadata);
        writer.tensors.replaceAll((name, tensor) -> tensor.castTo(DataType.FLOAT));
        writer.metadata.put("format", "pt");
        return writer;
    }

    /** Writes FLOAT tensors as F32 and DOUBLE ones as F64, so that every bit is kept. */
    static SafetensorsWriter exact(Map<String, INDArray> tensors, Map<String, String> metadata) {
        return new SafetensorsWriter(tensors, metadata);
    }

    void writeTo(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeTo(channel);
        }
    }

    void writeTo(WritableByteChannel channel) throws IOException {
        writeFully(channel, header());
        for (INDArray tensor : tensors.values()) {
            TensorBytes.stream(tensor, bytes -> writeFully(channel, bytes));
        }
    }

    private ByteBuffer header() throws IOException {
        byte[] json = json();
        int padding = Math.floorMod(-json.length, ALIGNMENT);
        byte[] spaces = new byte[padding];
        Arrays.fill(spaces, (byte) ' ');
        return ByteBuffer.allocate(Long.BYTES + json.length + padding)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length + padding)
                .put(json)
                .put(spaces)
                .flip();
    }

    private byte[] json() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            json.writeObjectFieldStart(SafetensorsHeader.METADATA);
            for (Map.Entry<String, String> entry : metadata.entrySet()) {
                json.writeStringField(entry.getKey(), entry.getValue());
            }
            json.writeEndObject();
            long begin = 0;
            for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
                Dtype dtype = dtype(tensor.getKey(), tensor.getValue());
                long end = begin + tensor.getValue().length() * dtype.width();
                writeEntry(json, tensor.getKey(), dtype, tensor.getValue().shape(), begin, end);
                begin = end;
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static Dtype dtype(String name, INDArray tensor) {
        return switch (tensor.dataType()) {
            case FLOAT -> Dtype.F32;
            case DOUBLE -> Dtype.F64;
            default ->
                throw new IllegalArgumentException("Tensor '" + name + "' has type " + tensor.dataType()
                        + ", expected FLOAT or DOUBLE, which are kept bit for bit.");
        };
    }

    private static void writeEntry(JsonGenerator json, String name, Dtype dtype, long[] shape, long begin, long end)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeStringField("dtype", dtype.name());
        json.writeFieldName("shape");
        json.writeArray(shape, 0, shape.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {begin, end}, 0, 2);
        json.writeEndObject();
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
