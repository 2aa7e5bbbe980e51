package dev.loraplus.math;

import java.util.Arrays;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.longer.MatchCondition;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.conditions.Conditions;

/**
 * Computes what a pair of factors adds to a weight: scaling &middot; A &middot; B, in DOUBLE with one rounding at the
 * end. Thread-safe.
 *
 * @since 0.1.0
 */
public final class LowRankDelta {
    private LowRankDelta() {}

    /**
     * Returns scaling &middot; A &middot; B, computed in DOUBLE and rounded once to the factors' type.
     *
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by, finite
     * @return a new array {@code [nIn, nOut]}
     * @throws IllegalArgumentException if the factors don't fit each other or scaling is not finite
     */
    public static INDArray of(INDArray a, INDArray b, double scaling) {
        requireFactors(a, b, scaling);
        INDArray delta = Nd4j.create(DataType.DOUBLE, new long[] {a.size(0), b.size(1)}, 'c');
        accumulate(a.castTo(DataType.DOUBLE), b.castTo(DataType.DOUBLE), scaling, delta);
        return delta.castTo(a.dataType());
    }

    /**
     * Returns the Euclidean norm of scaling &middot; A &middot; B without making the product: |scaling| times the root of
     * the sum of the elements of (A<sup>T</sup>A) &#8857; (BB<sup>T</sup>), both {@code [r, r]}.
     *
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by, finite
     * @throws IllegalArgumentException if the factors don't fit each other or scaling is not finite
     */
    public static double norm(INDArray a, INDArray b, double scaling) {
        requireFactors(a, b, scaling);
        INDArray left = a.castTo(DataType.DOUBLE);
        INDArray right = b.castTo(DataType.DOUBLE);
        double square = left.transpose()
                .mmul(left)
                .mul(right.mmul(right.transpose()))
                .sumNumber()
                .doubleValue();
        return Math.abs(scaling) * Math.sqrt(Math.max(0, square));
    }

    /**
     * Adds scaling &middot; A &middot; B to a weight in place, computed in DOUBLE and rounded once to the weight's type
     * (PEFT: {@code merge(safe_merge=True)}).
     *
     * @param weight the weight, of a floating type and rank 2 or more. As it is: {@code [nIn, nOut]}, or
     *     {@code [d0, d1, .., nOut]} with d0 &middot; d1 .. = nIn. Transposed: {@code [nOut, nIn]}, or
     *     {@code [nOut, d1, d2, ..]} with d1 &middot; d2 .. = nIn, as the kernels of a convolution. Dimensions flatten in
     *     row-major order, whatever the memory layout. Changed, unless this throws
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by, finite
     * @param transposed whether the outputs are the first dimension of the weight instead of the last
     * @throws IllegalArgumentException if shapes don't fit, scaling is not finite, or the sum would hold NaN or
     *     infinity; the weight is unchanged then
     */
    public static void addTo(INDArray weight, INDArray a, INDArray b, double scaling, boolean transposed) {
        requireFactors(a, b, scaling);
        long nIn = a.size(0);
        long nOut = b.size(1);
        requireWeight(weight, nIn, nOut, transposed);
        INDArray sum =
                Nd4j.createUninitialized(DataType.DOUBLE, weight.shape(), 'c').assign(weight);
        INDArray left = a.castTo(DataType.DOUBLE);
        INDArray right = b.castTo(DataType.DOUBLE);
        if (transposed) {
            accumulate(right.transpose(), left.transpose(), scaling, sum.reshape('c', nOut, nIn));
        } else {
            accumulate(left, right, scaling, sum.reshape('c', nIn, nOut));
        }
        INDArray merged = sum.castTo(weight.dataType());
        requireFinite(merged);
        weight.assign(merged);
    }

    private static void accumulate(INDArray left, INDArray right, double scaling, INDArray sum) {
        Nd4j.exec(new Mmul(left, right, sum, scaling, 1, MMulTranspose.allFalse()));
    }

    private static void requireFactors(INDArray a, INDArray b, double scaling) {
        if (a.rank() != 2 || b.rank() != 2 || a.size(1) != b.size(0)) {
            throw new IllegalArgumentException("Factors must have shapes [nIn, r] and [r, nOut], got A "
                    + Arrays.toString(a.shape()) + " and B " + Arrays.toString(b.shape()) + ".");
        }
        if (!Double.isFinite(scaling)) {
            throw new IllegalArgumentException("scaling must be finite, got " + scaling + ".");
        }
    }

    private static void requireWeight(INDArray weight, long nIn, long nOut, boolean transposed) {
        int outputs = transposed ? 0 : weight.rank() - 1;
        if (weight.rank() < 2 || weight.size(outputs) != nOut || weight.length() != nIn * nOut) {
            throw new IllegalArgumentException(
                    "Factors for " + nIn + " inputs and " + nOut + " outputs need a weight of "
                            + (transposed
                                    ? "shape [" + nOut + ", ..] with " + nIn + " values behind each output"
                                    : "shape [.., " + nOut + "] with " + nIn + " values before the outputs")
                            + ", got " + Arrays.toString(weight.shape()) + ".");
        }
    }

    static void requireFinite(INDArray merged) {
        long bad = Nd4j.getExecutioner()
                .exec(new MatchCondition(merged, Conditions.notFinite()))
                .getLong(0);
        if (bad > 0) {
            throw new IllegalArgumentException("The merged weight " + Arrays.toString(merged.shape()) + " would hold "
                    + bad + " NaN or infinite values; the weight was left as it is, check the factors.");
        }
    }
}
