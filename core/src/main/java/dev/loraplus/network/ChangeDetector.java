package dev.loraplus.network;

import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells whether an array was changed, by two checksums of all its bytes: DL4J and its users write into the flat vector of
 * a network from many places, and tell nobody. Two of 32 bits each miss one change in 2<sup>64</sup>, and read half the
 * memory that comparing with a copy would. Where bytes can't be seen everything counts as changed.
 */
final class ChangeDetector {
    /** What stays in the first-level cache from one checksum to the other. */
    private static final int CHUNK = 1 << 14;

    private final @Nullable ByteBuffer live;
    private final CRC32C castagnoli = new CRC32C();
    private final CRC32 ethernet = new CRC32();
    private boolean seen;
    private long last;

    /** Watches a contiguous array, whose memory must be kept as long as this. */
    ChangeDetector(INDArray watched) {
        live = HostBytes.of(watched);
    }

    /** Returns whether anything has changed since the last call; true at first. */
    boolean changed() {
        if (live == null) {
            return true;
        }
        long now = checksum(live);
        boolean changed = !seen || now != last;
        seen = true;
        last = now;
        return changed;
    }

    private long checksum(ByteBuffer bytes) {
        castagnoli.reset();
        ethernet.reset();
        for (int from = 0; from < bytes.capacity(); from += CHUNK) {
            int to = Math.min(bytes.capacity(), from + CHUNK);
            castagnoli.update(bytes.limit(to).position(from));
            ethernet.update(bytes.position(from));
        }
        return castagnoli.getValue() << Integer.SIZE | ethernet.getValue();
    }
}
