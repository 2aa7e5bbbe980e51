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
 * dimensions are 64-bit; all numbers are little-endian. Texts that go with the tensors come first: their number, then
 * key and value of each in the order of their keys.
 */
final class TensorDigest {
    private final MessageDigest digest;
    private final byte[] chunk = new byte[1 << 16];

    private TensorDigest(MessageDigest digest) {
        this.digest = digest;
    }

    /** Returns the hash of bytes in lower-case hex. */
    static String sha256(byte[] bytes) {
        TensorDigest digest = create();
        digest.digest.update(bytes);
        return digest.hex();
    }

    /** Returns the hash of tensors in lower-case hex. */
    static String sha256(Map<String, INDArray> tensors) {
        return create().tensors(tensors).hex();
    }

    /** Returns the hash of texts and tensors in lower-case hex. */
    static String sha256(Map<String, String> texts, Map<String, INDArray> tensors) {
        TensorDigest digest = create();
        digest.add(texts.size());
        new TreeMap<>(texts).forEach((key, value) -> {
            digest.add(key);
            digest.add(value);
        });
        return digest.tensors(tensors).hex();
    }

    private static TensorDigest create() {
        try {
            return new TensorDigest(MessageDigest.getInstance("SHA-256"));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java runtime lacks SHA-256, which every runtime must have.", e);
        }
    }

    private TensorDigest tensors(Map<String, INDArray> tensors) {
        try {
            for (Map.Entry<String, INDArray> tensor : new TreeMap<>(tensors).entrySet()) {
                add(tensor.getKey(), tensor.getValue());
            }
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String hex() {
        return HexFormat.of().formatHex(digest.digest());
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
