package dev.loraplus.math;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes DoRA's weight: each output of W + scaling &middot; A &middot; B with its own magnitude in place of its length
 * (arXiv 2402.09353). Thread-safe.
 *
 * @since 0.1.0
 */
public final class Magnitudes {
    private Magnitudes() {}

    /**
     * Replaces a weight by m &middot; V / ||V|| with V = W + scaling &middot; A &middot; B, the length over the inputs of
     * each output, computed in DOUBLE and rounded once (PEFT {@code DoraLinearVariant.merge_safe}).
     *
     * @param weight {@code [nIn, nOut]}, or {@code [nOut, nIn]} if transposed; changed, unless this throws
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by, finite
     * @param magnitude m {@code [nOut]}
     * @param transposed whether the outputs are the rows of the weight
     * @throws IllegalArgumentException if shapes don't fit, or the result would hold NaN or infinity; the weight is
     *     unchanged then
     */
    public static void merge(
            INDArray weight, INDArray a, INDArray b, double scaling, INDArray magnitude, boolean transposed) {
        long nOut = b.size(1);
        if (weight.rank() != 2 || magnitude.length() != nOut) {
            throw new IllegalArgumentException("Magnitudes must be one for each of " + nOut
                    + " outputs of a matrix, got " + Arrays.toString(magnitude.shape()) + " for "
                    + Arrays.toString(weight.shape()) + ".");
        }
        INDArray sum = weight.castTo(DataType.DOUBLE).dup('c');
        LowRankDelta.addTo(sum, a, b, scaling, transposed);
        INDArray gain = magnitude.castTo(DataType.DOUBLE).reshape(nOut).div(sum.norm2(transposed ? 1 : 0));
        INDArray merged = (transposed ? sum.muliColumnVector(gain) : sum.muliRowVector(gain)).castTo(weight.dataType());
        LowRankDelta.requireFinite(merged);
        weight.assign(merged);
    }
}
