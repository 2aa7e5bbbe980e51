package dev.loraplus.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells how large a pair of factors is, and the change scaling &middot; A &middot; B that it makes to a weight; all norms
 * are Frobenius norms, that is the root of the sum of squares.
 *
 * @param normA the norm of A {@code [nIn, r]}
 * @param normB the norm of B {@code [r, nOut]}
 * @param norm the norm of the change
 * @param relativeNorm the norm of the change divided by that of the weight; 0 where there is no change
 * @param effectiveRank how many directions the change spreads over: exp of the entropy of its singular values divided by
 *     their sum, between 1 and r, or 0 where there is no change (Roy, Vetterli: The effective rank, EUSIPCO 2007)
 * @since 0.1.0
 */
public record ChangeStatistics(double normA, double normB, double norm, double relativeNorm, double effectiveRank) {

    /**
     * Measures a pair of factors, in DOUBLE and without forming the change.
     *
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by
     * @param weight the weight that is changed, of any shape
     * @throws IllegalArgumentException if the factors don't fit each other
     */
    public static ChangeStatistics of(INDArray a, INDArray b, double scaling, INDArray weight) {
        if (a.rank() != 2 || b.rank() != 2 || a.size(1) != b.size(0)) {
            throw new IllegalArgumentException("Factors must have shapes [nIn, r] and [r, nOut], got A "
                    + Arrays.toString(a.shape()) + " and B " + Arrays.toString(b.shape()) + ".");
        }
        double[] values = LowRankSvd.of(a, b).values();
        double norm = Math.abs(scaling) * Columns.norm(values);
        return new ChangeStatistics(
                norm(a),
                norm(b),
                norm,
                norm == 0 ? 0 : norm / weight.norm2Number().doubleValue(),
                effectiveRank(values));
    }

    /**
     * Measures a pair of factors where the change is more than their product, from the whole weights in DOUBLE: W' - W
     * with W' = V = F + scaling &middot; A &middot; B, or m &middot; V / ||V||, the length over the inputs of each
     * output (arXiv 2402.09353). The effective rank is that of A &middot; B.
     *
     * @param a the input side {@code [nIn, r]}
     * @param b the output side {@code [r, nOut]}
     * @param scaling what the product is multiplied by
     * @param magnitude m {@code [nOut]}, or {@code null}
     * @param frozen F {@code [nIn, nOut]}, what the product is added to: not W where factors start from W itself
     * @param weight W {@code [nIn, nOut]}
     * @throws IllegalArgumentException if shapes don't fit
     */
    public static ChangeStatistics of(
            INDArray a, INDArray b, double scaling, @Nullable INDArray magnitude, INDArray frozen, INDArray weight) {
        ChangeStatistics ofProduct = of(a, b, scaling, weight);
        INDArray changed = frozen.castTo(DataType.DOUBLE).dup('c');
        if (magnitude == null) {
            LowRankDelta.addTo(changed, a, b, scaling, false);
        } else {
            Magnitudes.merge(changed, a, b, scaling, magnitude, false);
        }
        INDArray whole = weight.castTo(DataType.DOUBLE);
        double norm = changed.subi(whole).norm2Number().doubleValue();
        return new ChangeStatistics(
                ofProduct.normA,
                ofProduct.normB,
                norm,
                norm == 0 ? 0 : norm / whole.norm2Number().doubleValue(),
                ofProduct.effectiveRank);
    }

    private static double norm(INDArray factor) {
        double squares = 0;
        for (double[] column : Columns.of(factor)) {
            squares += Columns.dot(column, column);
        }
        return Math.sqrt(squares);
    }

    private static double effectiveRank(double[] values) {
        double sum = Arrays.stream(values).sum();
        if (sum == 0) {
            return 0;
        }
        double entropy = 0;
        for (double value : values) {
            double share = value / sum;
            entropy -= share > 0 ? share * Math.log(share) : 0;
        }
        return Math.exp(entropy);
    }
}
