package dev.loraplus.network;

import java.nio.ByteBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Tells whether an array was changed, by comparing all its bytes with a copy: DL4J and its users write into the flat
 * vector of a network from many places, and tell nobody. Reads host memory, so that elsewhere than on a CPU everything
 * counts as changed.
 */
final class ChangeDetector {
    private final ByteBuffer live;
    private final ByteBuffer seen;
    private boolean first = true;

    private ChangeDetector(ByteBuffer live) {
        this.live = live;
        this.seen = ByteBuffer.allocateDirect(live.remaining());
    }

    /** Watches a contiguous array, whose memory must be kept as long as this. */
    static ChangeDetector of(INDArray watched) {
        if (!Nd4j.getBackend().getEnvironment().isCPU()) {
            return new ChangeDetector(ByteBuffer.allocateDirect(0));
        }
        return new ChangeDetector(bytes(watched));
    }

    /** Returns the memory of a contiguous array on a CPU. */
    static ByteBuffer bytes(INDArray array) {
        int width = array.dataType().width();
        long start = array.offset() * width;
        long end = start + array.length() * width;
        ByteBuffer whole = array.data().asNio().duplicate().clear();
        return whole.limit(Math.toIntExact(end))
                .position(Math.toIntExact(start))
                .slice();
    }

    /** Returns whether anything has changed since the last call; true at first. */
    boolean changed() {
        if (!first && live.capacity() > 0 && live.mismatch(seen) < 0) {
            return false;
        }
        first = false;
        seen.put(0, live, 0, live.capacity());
        return true;
    }
}
