package dev.loraplus.math;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Works on matrices as arrays of columns in DOUBLE. */
final class Columns {
    private Columns() {}

    /** Returns the columns of a matrix. */
    static double[][] of(INDArray matrix) {
        int rows = Math.toIntExact(matrix.size(0));
        double[] flat = matrix.castTo(DataType.DOUBLE).dup('f').data().asDouble();
        double[][] columns = new double[Math.toIntExact(matrix.size(1))][];
        for (int j = 0; j < columns.length; j++) {
            columns[j] = Arrays.copyOfRange(flat, j * rows, (j + 1) * rows);
        }
        return columns;
    }

    /** Returns the matrix {@code [rows, columns]} that has the first {@code count} of these columns. */
    static INDArray toMatrix(double[][] columns, int count, DataType type) {
        return Nd4j.createFromArray(Arrays.copyOf(columns, count))
                .transpose()
                .castTo(type)
                .dup('c');
    }

    /** Returns left &middot; right<sup>T</sup> for two matrices of as many columns. */
    static double[][] timesTransposed(double[][] left, double[][] right) {
        int rows = left[0].length;
        double[][] product = new double[right[0].length][rows];
        for (int k = 0; k < left.length; k++) {
            for (int j = 0; j < product.length; j++) {
                addTo(product[j], left[k], right[k][j]);
            }
        }
        return product;
    }

    /** Returns left &middot; right. */
    static double[][] times(double[][] left, double[][] right) {
        double[][] product = new double[right.length][left[0].length];
        for (int j = 0; j < right.length; j++) {
            for (int k = 0; k < left.length; k++) {
                addTo(product[j], left[k], right[j][k]);
            }
        }
        return product;
    }

    static double dot(double[] left, double[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += left[i] * right[i];
        }
        return sum;
    }

    static double norm(double[] column) {
        return Math.sqrt(dot(column, column));
    }

    static void scale(double[] column, double factor) {
        for (int i = 0; i < column.length; i++) {
            column[i] *= factor;
        }
    }

    private static void addTo(double[] sum, double[] column, double factor) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * column[i];
        }
    }
}
