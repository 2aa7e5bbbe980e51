package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.StandardizeBp;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Internal: computes the gradient of {@link LayerNormOp} at its input, for a frozen gain and bias:
 * dx = (g - mean(g) - xhat &middot; mean(g &middot; xhat)) / &sigma; with g = dy &middot; gain.
 *
 * <ul>
 *   <li>inputs: x {@code [.., n]}, gain {@code [n]}, dy {@code [.., n]}
 *   <li>output: dx {@code [.., n]}
 * </ul>
 *
 * <p>It computes xhat and &sigma; again from x: rounded to FLOAT and kept from the forward pass they would cost an array
 * per layer and the digits that cancel in the difference. Like the stock operation it gives zero for a row of x that is
 * constant or not finite, and for a row of dy with a NaN; for an infinite dy, where stock gives a mixture of infinities
 * and zeros, the kernel gives zero too.
 *
 * @since 0.1.0
 */
public final class LayerNormGradOp extends RowOp {
    /** Creates the operation for the last dimension. */
    public LayerNormGradOp() {
        this(-1);
    }

    /**
     * Creates the operation as a graph declares it.
     *
     * @param dimension what is normalised, counted from the end if negative; only the last has a kernel
     */
    public LayerNormGradOp(int dimension) {
        super("loraplus_layer_norm_grad", dimension);
    }

    @Override
    void check(List<INDArray> in) {
        Rows.check(opName(), in.get(0), List.of(in.get(1)));
        Kernels.requireSameShape(opName(), in.get(0), in.get(2));
    }

    @Override
    void fast(List<INDArray> in, INDArray out) {
        FloatBuffer x = Kernels.open(in.get(0));
        FloatBuffer dy = Kernels.open(in.get(2));
        FloatBuffer dx = Kernels.open(out);
        double[] gain = Kernels.doubles(in.get(1));
        int n = gain.length;
        long length = in.get(0).length();
        Workers.run((int) (length / n), length, (from, to) -> {
            float[] narrow = new float[n];
            double[] row = new double[n];
            double[] gradient = new double[n];
            for (int i = from; i < to; i++) {
                x.get(i * n, narrow);
                Rows.widen(narrow, row);
                dy.get(i * n, narrow);
                Rows.widen(narrow, gradient);
                Rows.multiply(gradient, gain);
                Rows.standardizeGradient(row, Rows.standardize(row), gradient);
                Rows.narrow(gradient, narrow);
                dx.put(i * n, narrow);
            }
        });
    }

    @Override
    void stock(List<INDArray> in, INDArray out, int dimension) {
        INDArray x = in.get(0);
        if (Rows.isLast(dimension, x)) {
            INDArray gradient = in.get(2).mul(in.get(1).reshape(row(x.rank(), x.size(-1))));
            Nd4j.exec(new StandardizeBp(x, gradient, out, x.rank() - 1));
        } else {
            INDArray unused =
                    Nd4j.createUninitialized(in.get(1).dataType(), in.get(1).shape());
            Nd4j.exec(new LayerNormBp(x, in.get(1), in.get(2), out, unused, false, dimension));
        }
    }

    /** Returns the shape {@code [1, .., 1, n]}. */
    private static long[] row(int rank, long n) {
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[rank - 1] = n;
        return shape;
    }
}
