package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Internal: computes the elementwise product of two arrays of one shape.
 *
 * <ul>
 *   <li>inputs: a and b, any shape, equal
 *   <li>output: a &middot; b, of the same shape; equal to the stock product bit for bit
 * </ul>
 *
 * @since 0.1.0
 */
public final class MultiplyOp extends JavaOp {
    private static final int CHUNK = 4096;

    /** Creates the operation. */
    public MultiplyOp() {
        super("loraplus_multiply", 1);
    }

    @Override
    protected List<long[]> shapes(List<INDArray> in) {
        Kernels.requireSameShape(opName(), in.get(0), in.get(1));
        return List.of(in.get(0).shape());
    }

    @Override
    public void run(List<INDArray> in, List<INDArray> out) {
        Kernels.requireSameShape(opName(), in.get(0), in.get(1));
        if (Kernels.supports(in, out)) {
            fast(in.get(0), in.get(1), out.get(0));
        } else {
            in.get(0).muli(in.get(1), out.get(0));
        }
    }

    private static void fast(INDArray left, INDArray right, INDArray out) {
        FloatBuffer a = Kernels.open(left);
        FloatBuffer b = Kernels.open(right);
        FloatBuffer product = Kernels.open(out);
        int length = (int) left.length();
        Workers.run(length, length, (from, to) -> {
            int size = Math.min(CHUNK, to - from);
            float[] x = new float[size];
            float[] y = new float[size];
            for (int i = from; i < to; i += size) {
                int n = Math.min(size, to - i);
                a.get(i, x, 0, n);
                b.get(i, y, 0, n);
                multiply(x, y, n);
                product.put(i, x, 0, n);
            }
        });
    }

    private static void multiply(float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            x[i] *= y[i];
        }
    }
}
