package dev.loraplus.campaign;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * The JSON in a file: all of it, or the header of a safetensors file.
 *
 * @param json the text
 * @param data what follows the text; {@code null} where the text is all
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier, never compared
record Document(String json, byte @org.jspecify.annotations.Nullable [] data) {

    /** Returns the document in a file; none where its kind has none or the bytes don't let it be found. */
    static Optional<Document> of(String name, byte[] bytes) {
        if (name.endsWith(".json")) {
            return Optional.of(new Document(new String(bytes, StandardCharsets.UTF_8), null));
        }
        if (!name.endsWith(".safetensors")) {
            return Optional.empty();
        }
        int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] data = java.util.Arrays.copyOfRange(bytes, Long.BYTES + length, bytes.length);
        return Optional.of(new Document(new String(bytes, Long.BYTES, length, StandardCharsets.UTF_8), data));
    }

    /** Returns the file with another text, whose length its frame tells rightly. */
    byte[] with(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (data == null) {
            return utf8;
        }
        return ByteBuffer.allocate(Long.BYTES + utf8.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(utf8.length)
                .put(utf8)
                .put(data)
                .array();
    }
}
