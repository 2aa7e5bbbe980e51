package dev.loraplus.samediff.gradient;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.same.Identity;

/**
 * The gradient of one addend: takes (addend, gradient of the sum) and passes the gradient on, summed over the dimensions
 * that were broadcast.
 *
 * <p>Where nothing was broadcast, which only the shapes at run time tell, the gradient is passed on without a copy; that
 * is why this is an {@link Identity}, whose result a session does not allocate.
 */
final class BroadcastGradient extends Identity {

    /** Returns the reduced gradient, or null if the gradient itself is the result. */
    @Nullable
    INDArray reduced(List<INDArray> inputs) {
        long[] wanted = inputs.get(0).shape();
        INDArray gradient = inputs.get(1);
        if (Arrays.equals(wanted, gradient.shape())) {
            return null;
        }
        int added = gradient.rank() - wanted.length;
        int[] summed = IntStream.range(0, gradient.rank())
                .filter(i -> i < added || (wanted[i - added] == 1 && gradient.size(i) != 1))
                .toArray();
        INDArray sum = summed.length == 0 ? gradient.dup('c') : gradient.sum(summed);
        return Arrays.equals(sum.shape(), wanted)
                ? sum
                : sum.reshape('c', wanted).dup('c');
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return List.of(inputs.get(1));
    }
}
