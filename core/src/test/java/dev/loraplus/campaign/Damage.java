package dev.loraplus.campaign;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** The ways in which a set of files is damaged; each takes its choices from a seeded generator. */
enum Damage {
    FLIP_BIT,
    FLIP_BITS,
    FLIP_BIT_AT_THE_START,
    SET_BYTE,
    TRUNCATE,
    EXTEND,
    CLEAR_RANGE,
    COPY_RANGE,
    INSERT_RANGE,
    DELETE_RANGE,
    EMPTY,
    HUGE_LENGTH,
    NOT_FINITE,
    DELETE_FILE,
    SWAP_FILES,
    STRANGE_FILE,
    ODD_VALUE,
    ODD_NUMBER,
    ODD_TEXT,
    RENAMED_KEY,
    DUPLICATED_KEY,
    DELETED_KEY,
    ADDED_KEY,
    EXCHANGED_VALUES;

    private static final long[] LENGTHS = {
        0, 1, 2, 7, 100_000_000, 100_000_001, Integer.MAX_VALUE, 1L << 31, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1
    };
    private static final int[] NOT_FINITE_BITS = {0x7FC00000, 0x7F800000, 0xFF800000, 0xFFFFFFFF};

    /** Returns damaged copies of {@code files}; a file that is missing then is to be missing on the disk. */
    Map<String, byte[]> apply(Map<String, byte[]> files, Map<String, byte[]> strangers, Random random) {
        Map<String, byte[]> damaged = new LinkedHashMap<>(files);
        List<String> names = List.copyOf(files.keySet());
        String name = names.get(random.nextInt(names.size()));
        byte[] bytes = Objects.requireNonNull(files.get(name));
        if (this == SWAP_FILES && names.size() == 1) {
            return Map.of(name, FLIP_BITS.damage(bytes, random));
        }
        switch (this) {
            case DELETE_FILE -> damaged.remove(name);
            case STRANGE_FILE -> damaged.put(name, Objects.requireNonNull(strangers.get(name)));
            case SWAP_FILES -> {
                String other = names.get((names.indexOf(name) + 1) % names.size());
                damaged.put(name, Objects.requireNonNull(files.get(other)));
                damaged.put(other, bytes);
            }
            case ODD_VALUE,
                    ODD_NUMBER,
                    ODD_TEXT,
                    RENAMED_KEY,
                    DUPLICATED_KEY,
                    DELETED_KEY,
                    ADDED_KEY,
                    EXCHANGED_VALUES ->
                damaged.put(
                        name,
                        Document.of(name, bytes)
                                .map(document -> document.with(new TextDamage(random).apply(this, document.json())))
                                .orElseGet(() -> FLIP_BITS.damage(bytes, random)));
            default -> damaged.put(name, damage(bytes, random));
        }
        return damaged;
    }

    private byte[] damage(byte[] intact, Random random) {
        byte[] bytes = intact.clone();
        int at = random.nextInt(intact.length);
        int length = 1 + random.nextInt(Math.min(64, intact.length - at));
        switch (this) {
            case FLIP_BIT -> flip(bytes, at, random);
            case FLIP_BIT_AT_THE_START -> flip(bytes, random.nextInt(Math.min(200, bytes.length)), random);
            case FLIP_BITS -> {
                for (int i = 1 + random.nextInt(16); i >= 0; i--) {
                    flip(bytes, random.nextInt(bytes.length), random);
                }
            }
            case SET_BYTE -> bytes[at] = (byte) random.nextInt(256);
            case TRUNCATE -> bytes = Arrays.copyOf(intact, at);
            case EXTEND -> bytes = Arrays.copyOf(intact, intact.length + 1 + random.nextInt(5_000));
            case CLEAR_RANGE -> Arrays.fill(bytes, at, at + length, (byte) 0);
            case COPY_RANGE -> System.arraycopy(intact, random.nextInt(intact.length - length + 1), bytes, at, length);
            case INSERT_RANGE -> bytes = spliced(intact, at, at, Arrays.copyOfRange(intact, at, at + length));
            case DELETE_RANGE -> bytes = spliced(intact, at, at + length, new byte[0]);
            case EMPTY -> bytes = new byte[0];
            case HUGE_LENGTH ->
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(0, LENGTHS[random.nextInt(LENGTHS.length)]);
            case NOT_FINITE ->
                ByteBuffer.wrap(bytes)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(
                                bytes.length - Integer.BYTES * (1 + random.nextInt(Math.min(40, bytes.length / 4))),
                                NOT_FINITE_BITS[random.nextInt(NOT_FINITE_BITS.length)]);
            default -> throw new IllegalStateException(this + " is no damage to the bytes of one file.");
        }
        return bytes;
    }

    static void flip(byte[] bytes, int at, Random random) {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
    }

    private static byte[] spliced(byte[] bytes, int from, int to, byte[] middle) {
        return ByteBuffer.allocate(bytes.length - (to - from) + middle.length)
                .put(bytes, 0, from)
                .put(middle)
                .put(bytes, to, bytes.length - to)
                .array();
    }
}
