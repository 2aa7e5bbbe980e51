package dev.loraplus.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gives the bytes of arrays in 'c' order, little-endian (ND4J has builds for little-endian machines only). */
final class TensorBytes {
    /** Takes the bytes of one array. */
    @FunctionalInterface
    interface Sink {
        void take(ByteBuffer bytes) throws IOException;
    }

    private TensorBytes() {}

    /**
     * Hands all bytes of {@code array} to {@code sink}; they are valid during that call only.
     *
     * @throws IllegalArgumentException if the array has more than 2<sup>31</sup> - 1 bytes
     */
    static void stream(INDArray array, Sink sink) throws IOException {
        long bytes = array.length() * array.dataType().width();
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("An array of " + bytes
                    + " bytes can't be written or hashed, expected at most " + Integer.MAX_VALUE + ".");
        }
        if (bytes == 0) {
            return;
        }
        INDArray dense = array.dup('c');
        try {
            sink.take(dense.data().asNio().order(ByteOrder.LITTLE_ENDIAN).limit((int) bytes));
        } finally {
            if (dense.closeable()) {
                dense.close();
            }
        }
    }
}
