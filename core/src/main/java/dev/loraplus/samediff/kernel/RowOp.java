package dev.loraplus.samediff.kernel;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Works along one dimension of its first input, with a kernel for the last one; the output has that input's shape. */
abstract class RowOp extends JavaOp {
    private final int dimension;

    RowOp(String name, int dimension) {
        super(name, 1);
        this.dimension = dimension;
    }

    /**
     * Checks inputs for the last dimension.
     *
     * @throws IllegalArgumentException if a shape does not fit
     */
    abstract void check(List<INDArray> in);

    /** Fills the output along the last dimension of arrays that kernels support. */
    abstract void fast(List<INDArray> in, INDArray out);

    /** Fills the output along any dimension by stock operations. */
    abstract void stock(List<INDArray> in, INDArray out, int dimension);

    @Override
    protected final List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    public final void run(List<INDArray> in, List<INDArray> out) {
        INDArray x = in.get(0);
        if (!Rows.isLast(dimension, x)) {
            stock(in, out.get(0), dimension);
            return;
        }
        check(in);
        if (Kernels.supports(in, out)) {
            fast(in, out.get(0));
        } else {
            stock(in, out.get(0), x.rank() - 1);
        }
    }
}
