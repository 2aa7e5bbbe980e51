package dev.loraplus.io;

import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Says in which shapes a file holds the factors A {@code [nIn, r]} and B {@code [r, nOut]} of one weight.
 *
 * <p>Without a kernel they are the transposes {@code [r, nIn]} and {@code [nOut, r]}, as PEFT's {@code lora.Linear} has
 * them. A convolution's, where nIn counts channels and places of the kernel, are {@code [r, channels, kernel..]} and
 * {@code [nOut, r, 1..]}, as PEFT's {@code lora.Conv1d}, {@code Conv2d} and {@code Conv3d}: the weights of one
 * convolution to r channels and of another of kernel 1. An embedding's have the shapes of a linear layer and keys of
 * their own, as PEFT's {@code lora.Embedding}.
 *
 * @param kernel the sizes of the kernel; empty for a linear layer
 * @param kernelFirst whether neighbouring rows of A are channels at one place of the kernel, not places of one channel
 * @param isEmbedding whether rows of the weight are looked up
 * @since 0.1.0
 */
public record FactorLayout(List<Long> kernel, boolean kernelFirst, boolean isEmbedding) {
    private static final FactorLayout LINEAR = new FactorLayout(List.of(), false, false);
    private static final FactorLayout EMBEDDING = new FactorLayout(List.of(), false, true);

    /**
     * Creates a layout.
     *
     * @throws IllegalArgumentException if a size of the kernel is below 1, or an embedding has a kernel
     */
    public FactorLayout {
        kernel = List.copyOf(kernel);
        if (isEmbedding && !kernel.isEmpty()) {
            throw new IllegalArgumentException("An embedding has no kernel, got " + kernel + ".");
        }
        if (kernel.stream().anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("kernel must have sizes of at least 1, got " + kernel + ".");
        }
    }

    /** Returns the layout of a linear layer. */
    public static FactorLayout linear() {
        return LINEAR;
    }

    /** Returns the layout of an embedding. */
    public static FactorLayout embedding() {
        return EMBEDDING;
    }

    /**
     * Returns the layout of a convolution.
     *
     * @param kernelFirst whether A's rows go through the kernel's places and, at each, through the channels
     * @param kernel the sizes of the kernel
     * @throws IllegalArgumentException if a size of the kernel is below 1
     */
    public static FactorLayout convolution(boolean kernelFirst, long... kernel) {
        return new FactorLayout(LongStream.of(kernel).boxed().toList(), kernelFirst, false);
    }

    /** Returns whether it is a convolution's. */
    public boolean isConvolution() {
        return !kernel.isEmpty();
    }

    /** Returns the shape of DoRA's magnitudes: {@code [nOut]}, a convolution's {@code [1, nOut, 1..]}. */
    long[] shapeOfMagnitude(long nOut) {
        return isConvolution() ? shape(1, nOut, kernel.stream().map(size -> 1L).toList()) : new long[] {nOut};
    }

    long[] shapeOfA(long nIn, int rank) {
        long perChannel = kernel.stream().reduce(1L, (x, y) -> x * y);
        return shape(rank, nIn / perChannel, kernel);
    }

    long[] shapeOfB(int rank, long nOut) {
        return shape(nOut, rank, kernel.stream().map(size -> 1L).toList());
    }

    INDArray storedA(INDArray a) {
        long[] stored = shapeOfA(a.size(0), (int) a.size(1));
        if (!kernelFirst) {
            return a.transpose().dup('c').reshape('c', stored);
        }
        int axes = stored.length;
        long[] places = new long[axes];
        int[] order = new int[axes];
        for (int i = 0; i < axes; i++) {
            order[i] = i < 2 ? axes - 1 - i : i - 2;
            places[order[i]] = stored[i];
        }
        return a.dup('c').reshape('c', places).permute(order);
    }

    INDArray storedB(INDArray b) {
        return b.transpose().dup('c').reshape('c', shapeOfB((int) b.size(0), b.size(1)));
    }

    INDArray factorA(INDArray stored) {
        if (!kernelFirst) {
            return factorB(stored);
        }
        int axes = stored.rank();
        int[] order = new int[axes];
        for (int i = 0; i < axes; i++) {
            order[i] = i < axes - 2 ? i + 2 : axes - 1 - i;
        }
        long rank = stored.size(0);
        return stored.permute(order).dup('c').reshape('c', stored.length() / rank, rank);
    }

    INDArray factorB(INDArray stored) {
        long rows = stored.size(0);
        return stored.reshape('c', rows, stored.length() / rows).transpose().dup('c');
    }

    private static long[] shape(long first, long second, List<Long> others) {
        return LongStream.concat(LongStream.of(first, second), others.stream().mapToLong(Long::longValue))
                .toArray();
    }
}
