package dev.loraplus.network;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Looks at the memory of arrays. */
final class HostBytes {
    private HostBytes() {}

    /**
     * Returns the memory of a contiguous array, live and valid as long as the array is kept; {@code null} if it isn't in
     * the memory of a CPU, or beyond the first 2<sup>31</sup> bytes of its buffer.
     */
    static @Nullable ByteBuffer of(INDArray array) {
        int width = array.dataType().width();
        long start = array.offset() * width;
        long end = start + array.length() * width;
        if (end > Integer.MAX_VALUE || !Nd4j.getBackend().getEnvironment().isCPU()) {
            return null;
        }
        ByteBuffer buffer = array.data().asNio().duplicate().clear();
        return buffer.limit((int) end).position((int) start).slice();
    }
}
