package dev.loraplus.io;

import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Says in which shapes a file holds the factors A {@code [nIn, r]} and B {@code [r, nOut]} of one weight.
 *
 * <p>Without a kernel they are the transposes {@code [r, nIn]} and {@code [nOut, r]}, as PEFT's {@code lora.Linear} has
 * them. A convolution's, where nIn counts channels &times; kernel in 'c' order, are {@code [r, channels, kernel..]} and
 * {@code [nOut, r, 1..]}, as PEFT's {@code lora.Conv1d}, {@code Conv2d} and {@code Conv3d}: the weights of one
 * convolution to r channels and of another of kernel 1.
 *
 * @param kernel the sizes of the kernel; empty for a linear layer
 * @since 0.1.0
 */
public record FactorLayout(List<Long> kernel) {
    private static final FactorLayout LINEAR = new FactorLayout(List.of());

    /**
     * Creates a layout.
     *
     * @throws IllegalArgumentException if a size of the kernel is below 1
     */
    public FactorLayout {
        kernel = List.copyOf(kernel);
        if (kernel.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("kernel must have sizes of at least 1, got " + kernel + ".");
        }
    }

    /** Returns the layout of a linear layer. */
    public static FactorLayout linear() {
        return LINEAR;
    }

    /**
     * Returns the layout of a convolution.
     *
     * @throws IllegalArgumentException if a size of the kernel is below 1
     */
    public static FactorLayout convolution(long... kernel) {
        return new FactorLayout(LongStream.of(kernel).boxed().toList());
    }

    long[] shapeOfA(long nIn, int rank) {
        long perChannel = kernel.stream().reduce(1L, (x, y) -> x * y);
        return shape(rank, nIn / perChannel, kernel);
    }

    long[] shapeOfB(int rank, long nOut) {
        return shape(nOut, rank, kernel.stream().map(size -> 1L).toList());
    }

    INDArray storedA(INDArray a) {
        return a.transpose().dup('c').reshape('c', shapeOfA(a.size(0), (int) a.size(1)));
    }

    INDArray storedB(INDArray b) {
        return b.transpose().dup('c').reshape('c', shapeOfB((int) b.size(0), b.size(1)));
    }

    /** Returns the factor of a tensor of the file, whichever of the two it is. */
    INDArray factor(INDArray stored) {
        long rows = stored.size(0);
        return stored.reshape('c', rows, stored.length() / rows).transpose().dup('c');
    }

    private static long[] shape(long first, long second, List<Long> others) {
        return LongStream.concat(LongStream.of(first, second), others.stream().mapToLong(Long::longValue))
                .toArray();
    }
}
