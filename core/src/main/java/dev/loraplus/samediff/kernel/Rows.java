package dev.loraplus.samediff.kernel;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds the row arithmetic of layer normalisation, in double: a row that is almost constant divides a difference of
 * nearly equal numbers by their tiny spread, which floats do not survive.
 */
final class Rows {
    private Rows() {}

    /**
     * Checks the inputs of a layer normalisation.
     *
     * @throws IllegalArgumentException if the first has no rows or another one not the length of a row
     */
    static void check(String op, INDArray x, List<INDArray> vectors) {
        if (x.rank() < 2) {
            throw new IllegalArgumentException("'" + op + "' got an input of shape " + Arrays.toString(x.shape())
                    + "; it works on the last dimension of at least two.");
        }
        for (INDArray vector : vectors) {
            if (vector.length() != x.size(-1)) {
                throw new IllegalArgumentException("'" + op + "' got a gain or bias of shape "
                        + Arrays.toString(vector.shape()) + " for an input of shape " + Arrays.toString(x.shape())
                        + "; it must have " + x.size(-1) + " elements, as a row has.");
            }
        }
    }

    /** Returns whether a dimension, counted from the end if negative, is the last one of an array. */
    static boolean isLast(int dimension, INDArray x) {
        return dimension == -1 || dimension == x.rank() - 1;
    }

    static void widen(float[] from, double[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i];
        }
    }

    static void narrow(double[] from, float[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = (float) from[i];
        }
    }

    /**
     * Replaces a row by (row - mean) / sigma and returns 1 / sigma; a constant row or one with a number that is not
     * finite becomes zero, and so does the result, because ND4J's {@code standardize} has no epsilon and turns every NaN
     * into zero.
     */
    static double standardize(double[] row) {
        double mean = sum(row) / row.length;
        for (int i = 0; i < row.length; i++) {
            row[i] -= mean;
        }
        double variance = dot(row, row) / row.length;
        if (!(variance > 0 && Double.isFinite(variance))) {
            Arrays.fill(row, 0);
            return 0;
        }
        double scale = 1 / Math.sqrt(variance);
        for (int i = 0; i < row.length; i++) {
            row[i] *= scale;
        }
        return scale;
    }

    static void multiply(double[] row, double[] factors) {
        for (int i = 0; i < row.length; i++) {
            row[i] *= factors[i];
        }
    }

    static void add(double[] row, double[] terms) {
        for (int i = 0; i < row.length; i++) {
            row[i] += terms[i];
        }
    }

    /**
     * Turns the gradient at a standardised row into the gradient at the row: scale &middot; (g - mean(g) - xhat &middot;
     * mean(g &middot; xhat)); zero where that is undefined, as for ND4J's {@code standardize_bp}.
     */
    static void standardizeGradient(double[] xhat, double scale, double[] gradient) {
        double mean = sum(gradient) / gradient.length;
        double slope = dot(gradient, xhat) / gradient.length;
        if (scale == 0 || !Double.isFinite(mean) || !Double.isFinite(slope)) {
            Arrays.fill(gradient, 0);
            return;
        }
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] = scale * (gradient[i] - mean - xhat[i] * slope);
        }
    }

    /** Sums in four independent chains, which the processor overlaps. */
    private static double sum(double[] a) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < a.length; i += 4) {
            s0 += a[i];
            s1 += a[i + 1];
            s2 += a[i + 2];
            s3 += a[i + 3];
        }
        for (; i < a.length; i++) {
            s0 += a[i];
        }
        return (s0 + s1) + (s2 + s3);
    }

    private static double dot(double[] a, double[] b) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < a.length; i += 4) {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < a.length; i++) {
            s0 += a[i] * b[i];
        }
        return (s0 + s1) + (s2 + s3);
    }
}
