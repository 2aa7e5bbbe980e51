package dev.loraplus.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds the tensors of a safetensors file, and reads and writes such files strictly.
 *
 * <p>A file is a 64-bit little-endian length, a JSON header of that many bytes, and the tensors' elements, little-endian
 * and row-major, one tensor after the other.
 *
 * @since 0.1.0
 */
public final class Safetensors {
    private static final long MAX_HEADER = 100_000_000;

    private final Map<String, INDArray> tensors;
    private final Map<String, Dtype> dtypes;
    private final Map<String, String> metadata;

    private Safetensors(Map<String, INDArray> tensors, Map<String, Dtype> dtypes, Map<String, String> metadata) {
        this.tensors = Collections.unmodifiableMap(tensors);
        this.dtypes = dtypes;
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Reads a file as a whole.
     *
     * <p>F32, F16 and BF16 become FLOAT arrays, F64 DOUBLE; I64 and U32 become LONG, and I32, I16, U16, I8, U8 and BOOL
     * become INT. Arrays are in 'c' order. NaN and infinities are kept.
     *
     * @throws IOException if the file is missing or truncated, its header is malformed, longer than 100,000,000 bytes or
     *     holds a key twice, a tensor has another type, or the tensors don't fill the rest of the file without holes and
     *     overlap; the message names file and tensor
     */
    public static Safetensors read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException("'" + file + "' is not a file; expected a safetensors file there.");
        }
        try (FileChannel channel = FileChannel.open(file)) {
            return read("'" + file + "'", channel, channel.size());
        }
    }

    /**
     * Writes floating-point tensors as F32, in the order of their names, and replaces {@code file} as a whole: on any
     * error the old file stays. DOUBLE arrays lose precision.
     *
     * @param tensors the tensors by name
     * @param metadata texts for the header; {@code format} is set to {@code pt}, as PyTorch's readers expect
     * @throws IllegalArgumentException if a tensor isn't of a floating-point type or is named {@code __metadata__}
     * @throws IOException if the file can't be written
     */
    public static void write(Path file, Map<String, INDArray> tensors, Map<String, String> metadata)
            throws IOException {
        SafetensorsWriter writer = SafetensorsWriter.single(tensors, metadata);
        AtomicFiles.write(file, writer::writeTo);
    }

    /** Returns the tensors by name, in the order of the file. */
    public Map<String, INDArray> tensors() {
        return tensors;
    }

    /** Returns the texts of the header. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Returns the type that a tensor has in the file, for example {@code BF16}.
     *
     * @throws IllegalArgumentException if the file holds no such tensor
     */
    public String dtype(String name) {
        Dtype dtype = dtypes.get(name);
        if (dtype == null) {
            throw new IllegalArgumentException("No tensor '" + name + "', expected one of " + dtypes.keySet() + ".");
        }
        return dtype.name();
    }

    /** Reads the first {@code size} bytes of an open file. */
    static Safetensors read(String subject, FileChannel channel, long size) throws IOException {
        if (size < Long.BYTES) {
            throw new IOException(subject + " has " + size + " bytes, expected at least 8; it is truncated.");
        }
        long length = readBytes(subject, channel, 0, Long.BYTES).getLong();
        if (length < 2 || length > MAX_HEADER) {
            throw new IOException(subject + ": header length " + Long.toUnsignedString(length)
                    + ", expected 2 to 100000000; this is no safetensors file, or a damaged one.");
        }
        long dataStart = Long.BYTES + length;
        if (dataStart > size) {
            throw new IOException(
                    subject + ": header length " + length + " exceeds the file's " + size + " bytes; it is truncated.");
        }
        byte[] json = readBytes(subject, channel, Long.BYTES, (int) length).array();
        SafetensorsHeader header = SafetensorsHeader.parse(subject, json, size - dataStart);
        return decode(subject, header, new TensorDecoder(subject, channel, dataStart));
    }

    private static Safetensors decode(String subject, SafetensorsHeader header, TensorDecoder decoder)
            throws IOException {
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        Map<String, Dtype> dtypes = new LinkedHashMap<>();
        for (TensorEntry tensor : header.tensors()) {
            if (tensor.count() > Integer.MAX_VALUE) {
                throw new IOException(subject + ": tensor '" + tensor.name() + "' has " + tensor.count()
                        + " elements, expected at most " + Integer.MAX_VALUE + ".");
            }
            tensors.put(tensor.name(), decoder.read(tensor));
            dtypes.put(tensor.name(), tensor.dtype());
        }
        return new Safetensors(tensors, dtypes, header.metadata());
    }

    private static ByteBuffer readBytes(String subject, FileChannel channel, long position, int length)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, position + bytes.position()) < 0) {
                throw new IOException(subject + " ended while it was read.");
            }
        }
        return bytes.flip();
    }
}
