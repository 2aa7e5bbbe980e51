package dev.loraplus.math;

/**
 * Factors a matrix into Q of orthonormal columns and an upper triangular R, by Householder reflections in DOUBLE.
 *
 * <p>Matrices are arrays of columns. For n rows and k columns, Q has p = min(n, k) columns of n and R k columns of p.
 *
 * @see <a href="https://doi.org/10.56021/9781421407944">Golub, Van Loan: Matrix Computations, section 5.2</a>
 */
final class ThinQr {
    private final double[][] q;
    private final double[][] r;

    private ThinQr(double[][] q, double[][] r) {
        this.q = q;
        this.r = r;
    }

    /** Factors a matrix of {@code rows} rows, which is overwritten. */
    static ThinQr of(double[][] columns, int rows) {
        int width = Math.min(rows, columns.length);
        double[][] r = new double[columns.length][width];
        double[][] reflectors = new double[width][];
        for (int j = 0; j < columns.length; j++) {
            for (int i = 0; i < Math.min(j, width); i++) {
                reflect(reflectors[i], columns[j], i);
            }
            if (j < width) {
                reflectors[j] = reflector(columns[j], j);
                reflect(reflectors[j], columns[j], j);
            }
            System.arraycopy(columns[j], 0, r[j], 0, Math.min(j + 1, width));
        }
        double[][] q = new double[width][rows];
        for (int j = 0; j < width; j++) {
            q[j][j] = 1;
            for (int i = j; i >= 0; i--) {
                reflect(reflectors[i], q[j], i);
            }
        }
        return new ThinQr(q, r);
    }

    double[][] q() {
        return q;
    }

    double[][] r() {
        return r;
    }

    /** Returns the unit vector whose reflection clears a column below row {@code from}; all zeros if it is clear. */
    private static double[] reflector(double[] column, int from) {
        double[] unit = new double[column.length];
        System.arraycopy(column, from, unit, from, column.length - from);
        double norm = Columns.norm(unit);
        if (norm > 0) {
            unit[from] += Math.copySign(norm, unit[from]);
            Columns.scale(unit, 1 / Columns.norm(unit));
        }
        return unit;
    }

    private static void reflect(double[] unit, double[] column, int from) {
        double twice = 0;
        for (int i = from; i < column.length; i++) {
            twice += 2 * unit[i] * column[i];
        }
        for (int i = from; i < column.length; i++) {
            column[i] -= twice * unit[i];
        }
    }
}
