package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Internal: normalises over the last dimension: y = (x - mean) / &sigma; &middot; gain + bias, with the population variance
 * &sigma;&sup2; and no epsilon, as ND4J's {@code layer_norm} has none.
 *
 * <ul>
 *   <li>inputs: x {@code [.., n]} of rank 2 or more, gain {@code [n]}, and bias {@code [n]} or nothing
 *   <li>output: y {@code [.., n]}
 * </ul>
 *
 * <p>Like the stock operation it gives y = bias for a row that is constant or holds a number that is not finite. The
 * kernel is within 2e-6 &middot; max(1, |y|) of the stock operation on DOUBLE arrays.
 *
 * @since 0.1.0
 */
public final class LayerNormOp extends RowOp {
    /** Creates the operation for the last dimension. */
    public LayerNormOp() {
        this(-1);
    }

    /**
     * Creates the operation as a graph declares it.
     *
     * @param dimension what is normalised, counted from the end if negative; only the last has a kernel
     */
    public LayerNormOp(int dimension) {
        super("loraplus_layer_norm", dimension);
    }

    @Override
    void check(List<INDArray> in) {
        Rows.check(opName(), in.get(0), in.subList(1, in.size()));
    }

    @Override
    void stock(List<INDArray> in, INDArray out, int dimension) {
        INDArray x = in.get(0);
        LayerNorm op = in.size() > 2
                ? new LayerNorm(x, in.get(1), in.get(2), out, false, dimension)
                : new LayerNorm(x, in.get(1), out, false, dimension);
        Nd4j.exec(op);
    }

    @Override
    void fast(List<INDArray> in, INDArray out) {
        FloatBuffer x = Kernels.open(in.get(0));
        FloatBuffer y = Kernels.open(out);
        double[] gain = Kernels.doubles(in.get(1));
        double[] bias = in.size() > 2 ? Kernels.doubles(in.get(2)) : new double[gain.length];
        int n = gain.length;
        long length = in.get(0).length();
        Workers.run((int) (length / n), length, (from, to) -> {
            float[] narrow = new float[n];
            double[] row = new double[n];
            for (int i = from; i < to; i++) {
                x.get(i * n, narrow);
                Rows.widen(narrow, row);
                Rows.standardize(row);
                Rows.multiply(row, gain);
                Rows.add(row, bias);
                Rows.narrow(row, narrow);
                y.put(i * n, narrow);
            }
        });
    }
}
