package dev.loraplus.math;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Decomposes a small matrix M = U &middot; diag(values) &middot; V<sup>T</sup> by one-sided Jacobi rotations in DOUBLE,
 * which give small singular values to full relative precision.
 *
 * <p>Matrices are arrays of columns; M has at least as many rows as columns. Values descend; the columns of U that belong
 * to zeros are zeros.
 *
 * @see <a href="https://doi.org/10.1137/0613074">Demmel, Veseli&cacute;: Jacobi's method is more accurate than QR</a>
 */
final class JacobiSvd {
    private static final int MAX_SWEEPS = 60;
    private static final double EPSILON = 1e-15;

    private final double[][] u;
    private final double[] values;
    private final double[][] v;

    private JacobiSvd(double[][] u, double[] values, double[][] v) {
        this.u = u;
        this.values = values;
        this.v = v;
    }

    /** Decomposes a matrix, which is overwritten. */
    static JacobiSvd of(double[][] columns) {
        int count = columns.length;
        double[][] v = new double[count][count];
        for (int i = 0; i < count; i++) {
            v[i][i] = 1;
        }
        boolean rotated = true;
        for (int sweep = 0; rotated && sweep < MAX_SWEEPS; sweep++) {
            rotated = false;
            for (int i = 0; i < count; i++) {
                for (int j = i + 1; j < count; j++) {
                    rotated |= rotate(columns, v, i, j);
                }
            }
        }
        return sorted(columns, v);
    }

    double[][] u() {
        return u;
    }

    double[] values() {
        return values;
    }

    double[][] v() {
        return v;
    }

    /** Makes two columns orthogonal; returns whether they were not. */
    private static boolean rotate(double[][] columns, double[][] v, int i, int j) {
        double first = Columns.dot(columns[i], columns[i]);
        double second = Columns.dot(columns[j], columns[j]);
        double both = Columns.dot(columns[i], columns[j]);
        if (Math.abs(both) <= EPSILON * Math.sqrt(first) * Math.sqrt(second)) {
            return false;
        }
        double zeta = (second - first) / (2 * both);
        double tangent = Math.copySign(1 / (Math.abs(zeta) + Math.hypot(1, zeta)), zeta);
        double cosine = 1 / Math.hypot(1, tangent);
        rotate(columns[i], columns[j], cosine, cosine * tangent);
        rotate(v[i], v[j], cosine, cosine * tangent);
        return true;
    }

    private static void rotate(double[] first, double[] second, double cosine, double sine) {
        for (int k = 0; k < first.length; k++) {
            double old = first[k];
            first[k] = cosine * old - sine * second[k];
            second[k] = sine * old + cosine * second[k];
        }
    }

    private static JacobiSvd sorted(double[][] columns, double[][] v) {
        double[] norms = Arrays.stream(columns).mapToDouble(Columns::norm).toArray();
        int[] order = IntStream.range(0, norms.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -norms[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[][] u = Arrays.stream(order).mapToObj(i -> columns[i]).toArray(double[][]::new);
        double[] values = Arrays.stream(order).mapToDouble(i -> norms[i]).toArray();
        for (int i = 0; i < values.length; i++) {
            Columns.scale(u[i], values[i] > 0 ? 1 / values[i] : 0);
        }
        return new JacobiSvd(u, values, Arrays.stream(order).mapToObj(i -> v[i]).toArray(double[][]::new));
    }
}
