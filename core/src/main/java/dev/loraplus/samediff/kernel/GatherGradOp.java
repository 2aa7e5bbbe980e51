package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Internal: computes the gradient of a gather at its table: each slice of dy is added to the slice of the table that it
 * was taken from, so that an index that occurs twice counts twice.
 *
 * <ul>
 *   <li>inputs: table, any shape of rank 1 or more; indices, integers of any shape; dy
 *       {@code table[:axis] + indices + table[axis + 1:]}
 *   <li>output: the gradient, of the table's shape
 * </ul>
 *
 * <p>ND4J's own gradient of {@code gather} keeps only one of several equal indices, and writes it to the wrong row.
 *
 * @since 0.1.0
 */
public final class GatherGradOp extends JavaOp {
    private final int indexed;

    /**
     * Creates the operation.
     *
     * @param axis the table's dimension that the indices count along, itself counted from the end if negative
     */
    public GatherGradOp(int axis) {
        super("loraplus_gather_grad", 1);
        this.indexed = axis;
    }

    @Override
    protected List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    @Override
    public void run(List<INDArray> in, List<INDArray> out) {
        INDArray table = in.get(0);
        int dimension = indexed < 0 ? indexed + table.rank() : indexed;
        long[] indices = in.get(1)
                .castTo(DataType.LONG)
                .dup('c')
                .reshape(in.get(1).length())
                .toLongVector();
        requireWithin(indices, table);
        long rows = table.size(indexed);
        INDArray slices = in.get(2)
                .permute(leading(in.get(2).rank(), dimension, in.get(1).rank()))
                .reshape('c', indices.length, table.length() / rows);
        if (dimension == 0 && Kernels.supports(List.of(slices), out)) {
            fast(indices, slices, out.get(0));
        } else {
            INDArray sums = Nd4j.create(table.dataType(), rows, slices.size(1));
            for (int i = 0; i < indices.length; i++) {
                sums.getRow(indices[i]).addi(slices.getRow(i));
            }
            INDArray gradient = out.get(0).permute(leading(table.rank(), dimension, 1));
            gradient.assign(sums.reshape(gradient.shape()));
        }
    }

    private static void fast(long[] indices, INDArray slices, INDArray out) {
        int width = (int) slices.size(1);
        FloatBuffer dy = Kernels.open(slices);
        out.assign(0);
        FloatBuffer gradient = Kernels.open(out);
        float[] sum = new float[width];
        float[] row = new float[width];
        for (int i = 0; i < indices.length; i++) {
            int to = (int) indices[i] * width;
            gradient.get(to, sum);
            dy.get(i * width, row);
            for (int j = 0; j < width; j++) {
                sum[j] += row[j];
            }
            gradient.put(to, sum);
        }
    }

    /** Returns the order of dimensions that puts {@code count} of them, from {@code first} on, before all others. */
    private static int[] leading(int rank, int first, int count) {
        return IntStream.concat(
                        IntStream.range(first, first + count),
                        IntStream.range(0, rank).filter(i -> i < first || i >= first + count))
                .toArray();
    }

    private void requireWithin(long[] indices, INDArray table) {
        long size = table.size(indexed);
        for (long index : indices) {
            if (index < 0 || index >= size) {
                throw new IllegalArgumentException("'" + opName() + "' got index " + index + " for dimension " + indexed
                        + " of a table of shape " + Arrays.toString(table.shape()) + "; indices are 0 to " + (size - 1)
                        + ".");
            }
        }
    }
}
