package dev.loraplus.network;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells whether an array was changed, by comparing all its bytes with a copy: DL4J and its users write into the flat
 * vector of a network from many places, and tell nobody. Where bytes can't be seen everything counts as changed.
 */
final class ChangeDetector {
    private final @Nullable ByteBuffer live;
    private @Nullable ByteBuffer seen;

    /** Watches a contiguous array, whose memory must be kept as long as this. */
    ChangeDetector(INDArray watched) {
        live = HostBytes.of(watched);
    }

    /** Returns whether anything has changed since the last call; true at first. */
    boolean changed() {
        if (live == null) {
            return true;
        }
        if (seen == null) {
            seen = ByteBuffer.allocateDirect(live.capacity());
        } else if (live.mismatch(seen) < 0) {
            return false;
        }
        seen.put(0, live, 0, live.capacity());
        return true;
    }
}
