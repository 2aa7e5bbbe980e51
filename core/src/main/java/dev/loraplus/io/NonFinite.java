package dev.loraplus.io;

import java.io.IOException;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Finds NaN and infinities in FLOAT and DOUBLE arrays. */
final class NonFinite {
    private NonFinite() {}

    /** Returns one description for each tensor that holds NaN or an infinity, with its first place in 'c' order. */
    static List<String> in(Map<String, INDArray> tensors) throws IOException {
        List<String> found = new ArrayList<>();
        for (Map.Entry<String, INDArray> tensor : tensors.entrySet()) {
            TensorBytes.stream(tensor.getValue(), bytes -> {
                if (tensor.getValue().dataType() == DataType.FLOAT) {
                    find(tensor.getKey(), bytes.asFloatBuffer(), found);
                } else if (tensor.getValue().dataType() == DataType.DOUBLE) {
                    find(tensor.getKey(), bytes.asDoubleBuffer(), found);
                }
            });
        }
        return found;
    }

    private static void find(String name, FloatBuffer values, List<String> found) {
        for (int i = 0; i < values.limit(); i++) {
            if (!Float.isFinite(values.get(i))) {
                found.add(describe(name, values.get(i), i));
                return;
            }
        }
    }

    private static void find(String name, DoubleBuffer values, List<String> found) {
        for (int i = 0; i < values.limit(); i++) {
            if (!Double.isFinite(values.get(i))) {
                found.add(describe(name, values.get(i), i));
                return;
            }
        }
    }

    private static String describe(String name, double value, int index) {
        return "tensor '" + name + "' holds " + value + " at element " + index;
    }
}
