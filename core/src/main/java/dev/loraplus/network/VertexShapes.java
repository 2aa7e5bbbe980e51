package dev.loraplus.network;

import java.util.Arrays;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InputType.InputTypeRecurrent;
import org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the two inputs of a {@link LoraPlusVertex}, and lays activations out as rows and back. */
final class VertexShapes {
    private VertexShapes() {}

    static void requireTypes(String vertex, InputType... inputs) {
        if (inputs.length != 2) {
            throw new InvalidInputTypeException(
                    vertex + " needs two inputs, x and z, got " + inputs.length + ": " + Arrays.toString(inputs) + ".");
        }
        for (int i = 0; i < 2; i++) {
            requireKind(vertex, i == 0 ? "x" : "z", inputs[i]);
        }
        boolean sameRank = (inputs[0] instanceof InputTypeRecurrent) == (inputs[1] instanceof InputTypeRecurrent);
        if (!sameRank || !sameLength(inputs[0], inputs[1])) {
            throw new InvalidInputTypeException(
                    vertex + " needs x and z both feed-forward, or both recurrent and equally long, got x = "
                            + inputs[0] + " and z = " + inputs[1] + ".");
        }
    }

    private static void requireKind(String vertex, String input, InputType type) {
        boolean right =
                switch (type.getType()) {
                    case FF, CNNFlat -> true;
                    case RNN -> ((InputTypeRecurrent) type).getFormat() != RNNFormat.NWC;
                    default -> false;
                };
        if (!right) {
            throw new InvalidInputTypeException(vertex + " needs feed-forward inputs [b, n] or recurrent ones [b, n, t]"
                    + " (NCW), got " + input + " = " + type + "; put a layer or preprocessor before it.");
        }
    }

    /** Lengths that were not given (0 or below) may be anything. */
    private static boolean sameLength(InputType x, InputType z) {
        if (!(x instanceof InputTypeRecurrent left && z instanceof InputTypeRecurrent right)) {
            return true;
        }
        long first = left.getTimeSeriesLength();
        long second = right.getTimeSeriesLength();
        return first < 1 || second < 1 || first == second;
    }

    /** Returns the size that a type gives, which must be the one set before unless that is 0. */
    static long settle(String vertex, String input, long set, InputType type) {
        long size = type instanceof InputTypeRecurrent recurrent ? recurrent.getSize() : type.arrayElementsPerExample();
        if (set != 0 && set != size) {
            throw new InvalidInputTypeException(vertex + " expected " + input + " of size " + set + ", got " + size
                    + " (" + type + "); correct " + (input.equals("x") ? "nIn" : "nOut") + " or the input.");
        }
        return size;
    }

    /**
     * Checks activations: x {@code [b, nIn]} with z {@code [b, nOut]}, or {@code [b, nIn, t]} with
     * {@code [b, nOut, t]}. A single step of time may have lost its last dimension, as in {@code rnnTimeStep}.
     */
    static void requireArrays(String vertex, INDArray x, INDArray z, long nIn, long nOut) {
        boolean fits = hasSize(x, nIn) && hasSize(z, nOut) && x.size(0) == z.size(0) && steps(x) == steps(z);
        if (!fits) {
            throw new DL4JInvalidInputException("LoraPlusVertex '" + vertex + "' expected x [b, " + nIn + "] and z [b, "
                    + nOut + "], or [b, " + nIn + ", t] and [b, " + nOut + ", t], got x " + Arrays.toString(x.shape())
                    + " and z " + Arrays.toString(z.shape()) + ".");
        }
    }

    private static boolean hasSize(INDArray array, long size) {
        return (array.rank() == 2 || array.rank() == 3) && array.size(1) == size;
    }

    private static long steps(INDArray array) {
        return array.rank() == 3 ? array.size(2) : 1;
    }

    /** Returns {@code [b, n]} as it is, and {@code [b, n, t]} as a copy {@code [b t, n]}. */
    static INDArray rows(INDArray array) {
        return array.rank() == 2
                ? array
                : array.permute(0, 2, 1).dup('c').reshape('c', array.size(0) * array.size(2), array.size(1));
    }

    /** Returns the view of rows {@code [b t, n]} in the rank of {@code like}, {@code [b, n]} or {@code [b, n, t]}. */
    static INDArray likeInput(INDArray rows, INDArray like) {
        return like.rank() == 2
                ? rows
                : rows.reshape(like.size(0), like.size(2), rows.size(1)).permute(0, 2, 1);
    }
}
