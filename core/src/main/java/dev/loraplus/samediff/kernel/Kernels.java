package dev.loraplus.samediff.kernel;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.common.util.ArrayUtil;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Says which arrays the Java kernels can read in place, and opens them. */
final class Kernels {
    /** A buffer's byte size is an int. */
    private static final long MAX_LENGTH = Integer.MAX_VALUE / Float.BYTES;

    private Kernels() {}

    /** Returns whether all arrays are FLOAT, in host memory and contiguous in 'c' order. */
    static boolean supports(List<INDArray> in, List<INDArray> out) {
        return Nd4j.getEnvironment().isCPU()
                && in.stream().allMatch(Kernels::isPlain)
                && out.stream().allMatch(Kernels::isPlain);
    }

    private static boolean isPlain(INDArray array) {
        return array.dataType() == DataType.FLOAT
                && !array.isEmpty()
                && array.length() <= MAX_LENGTH
                && Arrays.equals(array.stride(), ArrayUtil.calcStrides(array.shape()));
    }

    /**
     * Checks that two inputs of an operation have one shape.
     *
     * @throws IllegalArgumentException if they do not
     */
    static void requireSameShape(String op, INDArray a, INDArray b) {
        if (!Arrays.equals(a.shape(), b.shape())) {
            throw new IllegalArgumentException("'" + op + "' got inputs of shapes " + Arrays.toString(a.shape())
                    + " and " + Arrays.toString(b.shape()) + "; they must be equal, it does not broadcast.");
        }
    }

    /** Opens a supported array's own memory, from its first element; valid as long as the array is open. */
    static FloatBuffer open(INDArray array) {
        return new FloatPointer(array.data().addressPointer())
                .capacity(array.length())
                .asBuffer();
    }

    /** Copies a supported array, widened. */
    static double[] doubles(INDArray array) {
        float[] narrow = new float[(int) array.length()];
        open(array).get(0, narrow);
        double[] wide = new double[narrow.length];
        for (int i = 0; i < narrow.length; i++) {
            wide[i] = narrow[i];
        }
        return wide;
    }
}
