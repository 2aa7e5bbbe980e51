package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Internal: computes the exact GELU y = x &middot; &Phi;(x) = x/2 &middot; (1 + erf(x/&radic;2)) and, if asked, its derivative
 * d = &Phi;(x) + x &middot; &phi;(x).
 *
 * <ul>
 *   <li>input: x, any shape
 *   <li>outputs: y, and d if it is kept, both of x's shape
 * </ul>
 *
 * <p>The kernel is within 2e-6 &middot; max(1, |y|) of the formula evaluated in DOUBLE. NaN gives NaN. At &plusmn;&infin;
 * the kernel returns the limits (&infin; and 0; derivative 1 and 0), where stock operations give NaN for all but
 * y(+&infin;). This is neither ND4J's {@code gelu} (x &middot; sigmoid(1.702 x)) nor its {@code precise_gelu} (a tanh
 * form).
 *
 * @since 0.1.0
 */
public final class GeluOp extends JavaOp {
    private static final int CHUNK = 4096;

    private final boolean keepDerivative;

    /**
     * Creates the operation.
     *
     * @param keepDerivative whether the second output, the derivative, is computed for the backward pass
     */
    public GeluOp(boolean keepDerivative) {
        super("loraplus_gelu", keepDerivative ? 2 : 1);
        this.keepDerivative = keepDerivative;
    }

    @Override
    protected List<long[]> shapes(List<INDArray> in) {
        return Collections.nCopies(getNumOutputs(), in.get(0).shape());
    }

    @Override
    public void run(List<INDArray> in, List<INDArray> out) {
        if (Kernels.supports(in, out)) {
            fast(in.get(0), out);
        } else {
            stock(in.get(0), out);
        }
    }

    private void fast(INDArray input, List<INDArray> out) {
        FloatBuffer x = Kernels.open(input);
        List<FloatBuffer> results = out.stream().map(Kernels::open).toList();
        int length = (int) input.length();
        Workers.run(length, length, (from, to) -> {
            int size = Math.min(CHUNK, to - from);
            float[] values = new float[size];
            float[] density = new float[size];
            float[] tail = new float[size];
            float[] result = new float[size];
            for (int i = from; i < to; i += size) {
                int n = Math.min(size, to - i);
                x.get(i, values, 0, n);
                Normal.density(values, density, n);
                Normal.tail(values, density, tail, n);
                Normal.gelu(values, tail, result, n);
                results.get(0).put(i, result, 0, n);
                if (keepDerivative) {
                    Normal.geluDerivative(values, density, tail, result, n);
                    results.get(1).put(i, result, 0, n);
                }
            }
        });
    }

    private void stock(INDArray x, List<INDArray> out) {
        INDArray cdf = x.mul(1 / Math.sqrt(2));
        Nd4j.exec(new Erf(cdf, cdf));
        cdf.addi(1).muli(0.5);
        x.muli(cdf, out.get(0));
        if (keepDerivative) {
            INDArray slope = Transforms.exp(x.mul(x).muli(-0.5), false);
            slope.muli(x).muli(1 / Math.sqrt(2 * Math.PI));
            slope.addi(cdf, out.get(1));
        }
    }
}
