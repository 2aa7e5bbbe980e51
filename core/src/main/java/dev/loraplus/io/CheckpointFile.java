package dev.loraplus.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds named tensors and texts in one file that is refused as soon as one byte of it is not as it was written.
 *
 * <p>A file is a safetensors file with every tensor in its own type, then the eight letters {@code LORA+CKP}, then the
 * SHA-256 of all bytes before. Texts are in the header's {@code __metadata__}; {@code version} is that of the library.
 *
 * @param tensors FLOAT and DOUBLE arrays by name
 * @param texts texts by name
 * @since 0.1.0
 */
public record CheckpointFile(Map<String, INDArray> tensors, Map<String, String> texts) {
    /** The text that holds the version of the library that wrote the file. */
    public static final String VERSION = "version";

    /** Returns the version of this library. */
    public static String version() {
        return PeftMetadata.version();
    }

    private static final byte[] MARK = "LORA+CKP".getBytes(StandardCharsets.US_ASCII);
    private static final int DIGEST_BYTES = 32;

    /**
     * Writes the file, and replaces an older one as a whole: on any error the old one stays.
     *
     * @throws IllegalArgumentException if a tensor is neither FLOAT nor DOUBLE, or is named {@code __metadata__}
     * @throws IOException if the file can't be written
     */
    public void write(Path file) throws IOException {
        Map<String, String> all = new LinkedHashMap<>(texts);
        all.put(VERSION, PeftMetadata.version());
        SafetensorsWriter writer = SafetensorsWriter.exact(tensors, all);
        AtomicFiles.write(file, temporary -> {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                Digesting digesting = new Digesting(channel, sha256());
                writer.writeTo(digesting);
                digesting.write(ByteBuffer.wrap(MARK));
                digesting.end();
            }
        });
    }

    /**
     * Reads a file as a whole.
     *
     * @throws IOException if the file is missing, truncated, or any byte differs from what was written
     */
    public static CheckpointFile read(Path file) throws IOException {
        String subject = "'" + file + "'";
        if (!Files.isRegularFile(file)) {
            throw new IOException(subject + " is not a file; expected a checkpoint there.");
        }
        try (FileChannel channel = FileChannel.open(file)) {
            long end = channel.size() - DIGEST_BYTES;
            long payload = end - MARK.length;
            if (payload <= 0) {
                throw new IOException(
                        subject + " has " + channel.size() + " bytes, too few for a checkpoint; it is truncated.");
            }
            requireIntact(subject, channel, end);
            Safetensors held = Safetensors.read(subject, channel, payload);
            return new CheckpointFile(held.tensors(), held.metadata());
        }
    }

    private static void requireIntact(String subject, FileChannel channel, long end) throws IOException {
        MessageDigest digest = sha256();
        ByteBuffer chunk = ByteBuffer.allocate(1 << 16);
        byte[] mark = new byte[MARK.length];
        for (long at = 0; at < end; at += chunk.limit()) {
            fill(subject, channel, chunk.clear().limit((int) Math.min(chunk.capacity(), end - at)), at);
            digest.update(chunk.array(), 0, chunk.limit());
        }
        fill(subject, channel, ByteBuffer.wrap(mark), end - MARK.length);
        byte[] expected = new byte[DIGEST_BYTES];
        fill(subject, channel, ByteBuffer.wrap(expected), end);
        if (!Arrays.equals(mark, MARK)) {
            throw new IOException(
                    subject + " does not end as a checkpoint does; it is truncated or another kind of file.");
        }
        if (!Arrays.equals(digest.digest(), expected)) {
            throw new IOException(subject + " is damaged: its bytes don't have the SHA-256 that it ends with.");
        }
    }

    private static void fill(String subject, FileChannel channel, ByteBuffer into, long at) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, at + into.position()) < 0) {
                throw new IOException(subject + " ended while it was read.");
            }
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java runtime lacks SHA-256, which every runtime must have.", e);
        }
    }

    /** Writes to a file and digests what it writes. */
    private record Digesting(FileChannel file, MessageDigest digest) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) throws IOException {
            digest.update(bytes.duplicate());
            return writeFully(bytes);
        }

        void end() throws IOException {
            writeFully(ByteBuffer.wrap(digest.digest()));
        }

        private int writeFully(ByteBuffer bytes) throws IOException {
            int count = bytes.remaining();
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            return count;
        }

        @Override
        public boolean isOpen() {
            return file.isOpen();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
