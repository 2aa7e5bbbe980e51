package dev.loraplus.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Lays out a safetensors file of F32 tensors as the reference implementation does. */
final class SafetensorsWriter {
    private static final int ALIGNMENT = 8;

    private final SortedMap<String, INDArray> tensors =
            new TreeMap<>((left, right) -> Arrays.compareUnsigned(utf8(left), utf8(right)));
    private final SortedMap<String, String> metadata;

    SafetensorsWriter(Map<String, INDArray> tensors, Map<String, String> metadata) {
        this.metadata = new TreeMap<>(metadata);
        this.metadata.put("format", "pt");
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

    void writeTo(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            writeFully(channel, header());
            for (INDArray tensor : tensors.values()) {
                TensorBytes.stream(tensor.castTo(DataType.FLOAT), bytes -> writeFully(channel, bytes));
            }
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
                long end = begin + tensor.getValue().length() * Dtype.F32.width();
                writeEntry(json, tensor.getKey(), tensor.getValue().shape(), begin, end);
                begin = end;
            }
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void writeEntry(JsonGenerator json, String name, long[] shape, long begin, long end)
            throws IOException {
        json.writeObjectFieldStart(name);
        json.writeStringField("dtype", Dtype.F32.name());
        json.writeFieldName("shape");
        json.writeArray(shape, 0, shape.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {begin, end}, 0, 2);
        json.writeEndObject();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
