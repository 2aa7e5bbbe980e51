package dev.loraplus.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sums up arrays by a running CRC-32C, to tell later whether the same arrays came in the same order. It guards against
 * mistakes, not against forgery. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class TensorChecksum {
    private final CRC32C crc = new CRC32C();

    /** Creates the sum of nothing. */
    public TensorChecksum() {}

    /**
     * Adds an array: its shape, and its elements in 'c' order unless they are texts.
     *
     * @param array may be null, which counts as an array of its own
     */
    public void add(@Nullable INDArray array) {
        if (array == null) {
            add(-1);
            return;
        }
        add(array.rank());
        for (long size : array.shape()) {
            add(size);
        }
        if (array.dataType() == DataType.UTF8) {
            return;
        }
        try {
            TensorBytes.stream(array, crc::update);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the sum of all arrays added. */
    public long value() {
        return crc.getValue();
    }

    private void add(long number) {
        crc.update(
                ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, number));
    }
}
