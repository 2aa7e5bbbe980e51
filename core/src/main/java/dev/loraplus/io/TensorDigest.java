package dev.loraplus.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hashes named tensors with SHA-256, whatever the order of the map and the memory layout of the arrays.
 *
 * <p>Hashed are, for each tensor in the order of their names: the name, the data type ({@code FLOAT}, ...), the rank,
 * the dimensions, and the elements in 'c' order. A text is its length in UTF-8 bytes and these bytes; lengths, rank and
 * dimensions are 64-bit; all numbers are little-endian.
 */
final class TensorDigest {
    private final MessageDigest digest;
    private final byte[] chunk = new byte[1 << 16];

    private TensorDigest(MessageDigest digest) {
        this.digest = digest;
    }

    /** Returns the hash in lower-case hex. */
    static String sha256(Map<String, INDArray> tensors) {
        try {
            TensorDigest digest = new TensorDigest(MessageDigest.getInstance("SHA-256"));
            for (Map.Entry<String, INDArray> tensor : new TreeMap<>(tensors).entrySet()) {
                digest.add(tensor.getKey(), tensor.getValue());
            }
            return HexFormat.of().formatHex(digest.digest.digest());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java runtime lacks SHA-256, which every runtime must have.", e);
        }
    }

    private void add(String name, INDArray tensor) throws IOException {
        add(name);
        add(tensor.dataType().name());
        add(tensor.rank());
        for (long dimension : tensor.shape()) {
            add(dimension);
        }
        TensorBytes.stream(tensor, this::add);
    }

    /** Goes through an array on the heap, which is hashed faster than memory outside it. */
    private void add(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            int count = Math.min(chunk.length, bytes.remaining());
            bytes.get(chunk, 0, count);
            digest.update(chunk, 0, count);
        }
    }

    private void add(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        add(bytes.length);
        digest.update(bytes);
    }

    private void add(long number) {
        digest.update(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(0, number)
                .array());
    }
}
