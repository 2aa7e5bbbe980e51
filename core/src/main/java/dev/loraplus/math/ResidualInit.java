package dev.loraplus.math;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.DiagonalMatrix;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Takes the start values of factors out of the weight itself, in DOUBLE; the base then goes on as W - scaling &middot; A
 * &middot; B. The same weight gives the same factors on every platform. Thread-safe.
 *
 * @since 0.1.0
 */
public final class ResidualInit {
    private ResidualInit() {}

    /**
     * Returns the factors that a weight starts from.
     *
     * <p>PiSSA: A = U<sub>r</sub> &middot; &radic;(S<sub>r</sub> / scaling) and B = &radic;(S<sub>r</sub> / scaling)
     * &middot; V<sub>r</sub><sup>T</sup> of W = U &middot; S &middot; V<sup>T</sup> (PEFT {@code pissa_init}). OLoRA: A the
     * transpose of the first r rows of R and B of the first r columns of Q, W<sup>T</sup> = Q &middot; R (PEFT
     * {@code olora_init}).
     *
     * @param initialization {@link Initialization#PISSA} or {@link Initialization#OLORA}
     * @param weight W {@code [nIn, nOut]}, FLOAT or DOUBLE; not changed
     * @param rank r, from 1 to min(nIn, nOut)
     * @param scaling what A &middot; B is multiplied by, finite and above 0
     * @return A {@code [nIn, r]} and B {@code [r, nOut]} in the weight's type
     * @throws IllegalArgumentException if the rank is out of range, or the initialization leaves the base as it is
     */
    public static Adapter.Factors factors(Initialization initialization, INDArray weight, int rank, double scaling) {
        long limit = Math.min(weight.size(0), weight.size(1));
        if (rank < 1 || rank > limit) {
            throw new IllegalArgumentException("rank must be from 1 to min(nIn, nOut) = " + limit + " for "
                    + initialization + ", got " + rank + ".");
        }
        RealMatrix matrix =
                new Array2DRowRealMatrix(weight.castTo(DataType.DOUBLE).toDoubleMatrix(), false);
        return switch (initialization) {
            case PISSA -> principal(matrix, rank, scaling, weight.dataType());
            case OLORA -> orthonormal(matrix.transpose(), rank, weight.dataType());
            default ->
                throw new IllegalArgumentException(
                        initialization + " does not start from the weight; use AdapterInit.factors.");
        };
    }

    private static Adapter.Factors principal(RealMatrix weight, int rank, double scaling, DataType type) {
        SingularValueDecomposition decomposition = new SingularValueDecomposition(weight);
        double[] values = decomposition.getSingularValues();
        RealMatrix roots = new DiagonalMatrix(IntStream.range(0, rank)
                .mapToDouble(i -> Math.sqrt(values[i] / scaling))
                .toArray());
        int[] first = IntStream.range(0, rank).toArray();
        RealMatrix u = decomposition.getU().getSubMatrix(all(weight.getRowDimension()), first);
        RealMatrix v = decomposition.getVT().getSubMatrix(first, all(weight.getColumnDimension()));
        return new Adapter.Factors(array(u.multiply(roots), type), array(roots.multiply(v), type));
    }

    private static Adapter.Factors orthonormal(RealMatrix transposed, int rank, DataType type) {
        QRDecomposition decomposition = new QRDecomposition(transposed);
        int[] first = IntStream.range(0, rank).toArray();
        RealMatrix q = decomposition.getQ().getSubMatrix(all(transposed.getRowDimension()), first);
        RealMatrix r = decomposition.getR().getSubMatrix(first, all(transposed.getColumnDimension()));
        return new Adapter.Factors(array(r.transpose(), type), array(q.transpose(), type));
    }

    private static int[] all(int size) {
        return IntStream.range(0, size).toArray();
    }

    private static INDArray array(RealMatrix matrix, DataType type) {
        return Nd4j.createFromArray(matrix.getData()).castTo(type).dup('c');
    }
}
