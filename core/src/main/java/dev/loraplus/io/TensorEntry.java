package dev.loraplus.io;

import java.util.List;

/**
 * Describes one tensor of a safetensors file.
 *
 * @param name its key
 * @param dtype how its elements are stored
 * @param shape its dimensions, row-major; empty for a scalar
 * @param begin first byte, counted from the start of the data
 * @param end byte after the last one
 */
record TensorEntry(String name, Dtype dtype, List<Long> shape, long begin, long end) {
    long[] dimensions() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    long count() {
        return (end - begin) / dtype.width();
    }
}
