package dev.loraplus.samediff;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads a stored weight of any rank as the matrix W {@code [nIn, nOut]} of x &middot; W.
 *
 * <p>The leading {@code split} dimensions are its rows and the others its columns; {@code outputFirst} says that the
 * rows are the output side, so that the stored array is the transpose of W.
 *
 * @param shape the stored shape
 * @param split how many leading dimensions are rows
 * @param outputFirst whether the rows are the output side
 */
@SuppressWarnings("ArrayRecordComponent") // private to this package, never changed
record MatrixView(long[] shape, int split, boolean outputFirst) {

    /** Reads the last dimension as the output side. */
    static MatrixView outputLast(long[] shape) {
        return new MatrixView(shape, shape.length - 1, false);
    }

    /** Reads the first dimension as the output side. */
    static MatrixView outputFirst(long[] shape) {
        return new MatrixView(shape, 1, true);
    }

    /** Returns the view of the same values stored in another shape, whose sides are as apart as they can be there. */
    MatrixView storedAs(long[] stored) {
        long leading = 1;
        for (int i = 1; i < stored.length; i++) {
            leading *= stored[i - 1];
            if (leading == rows()) {
                return new MatrixView(stored, i, outputFirst);
            }
        }
        return outputFirst ? outputFirst(stored) : outputLast(stored);
    }

    long nIn() {
        return outputFirst ? columns() : rows();
    }

    long nOut() {
        return outputFirst ? rows() : columns();
    }

    /** Returns the dimensions of the stored shape that are the input side. */
    int[] inputAxes() {
        return outputFirst
                ? IntStream.range(split, shape.length).toArray()
                : IntStream.range(0, split).toArray();
    }

    /** Returns how many dimensions of the stored shape are the output side. */
    int outputAxes() {
        return outputFirst ? split : shape.length - split;
    }

    /** Returns the stored shape with 1 in place of the input side's sizes. */
    long[] outputShape() {
        long[] outputs = shape.clone();
        for (int axis : inputAxes()) {
            outputs[axis] = 1;
        }
        return outputs;
    }

    boolean isMatrix() {
        return shape.length == 2;
    }

    /** Returns an array of the stored shape, in 'c' order, as the matrix that is stored; both share their values. */
    INDArray matrixOf(INDArray stored) {
        return stored.reshape('c', rows(), columns());
    }

    /** Returns an array of the stored shape as W {@code [nIn, nOut]}. */
    INDArray weightOf(INDArray stored) {
        INDArray matrix = matrixOf(stored.dup('c'));
        return outputFirst ? matrix.transpose() : matrix;
    }

    private long rows() {
        return Arrays.stream(shape, 0, split).reduce(1, (a, b) -> a * b);
    }

    private long columns() {
        return Arrays.stream(shape, split, shape.length).reduce(1, (a, b) -> a * b);
    }

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof MatrixView that
                && Arrays.equals(shape, that.shape)
                && split == that.split
                && outputFirst == that.outputFirst;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + split;
    }

    @Override
    public String toString() {
        return Arrays.toString(shape) + (outputFirst ? " output first" : " output last");
    }
}
