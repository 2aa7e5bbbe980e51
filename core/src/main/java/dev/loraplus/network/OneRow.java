package dev.loraplus.network;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Objects;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes x &middot; W + b of one example, to the bits of DL4J's own layers and with one operation instead of three
 * (product, copy, sum): the call of an operation takes longer than adding a row does, and a prediction must not cost more
 * than the base's.
 */
final class OneRow {
    private OneRow() {}

    /** Returns whether this knows how: one row that fits the weight, of 32 bits a number, and a bias that can be read. */
    static boolean fits(INDArray x, INDArray weight, @Nullable INDArray bias) {
        return x.rank() == 2
                && x.size(0) == 1
                && x.size(1) == weight.size(0)
                && weight.dataType() == DataType.FLOAT
                && (bias == null || HostBytes.of(bias) != null);
    }

    /**
     * Returns the sum.
     *
     * @param x the input {@code [1, nIn]}
     * @param weight W {@code [nIn, nOut]}
     * @param bias b {@code [1, nOut]}, or {@code null}
     * @param type how long the sum lives
     */
    static INDArray sum(
            INDArray x, INDArray weight, @Nullable INDArray bias, ArrayType type, LayerWorkspaceMgr workspaceMgr) {
        // in this order the product needs no copy
        INDArray product =
                workspaceMgr.createUninitialized(type, weight.dataType(), new long[] {1, weight.size(1)}, 'f');
        INDArray sum = x.mmuli(weight, product).reshape('c', 1, weight.size(1));
        if (bias != null) {
            FloatBuffer out = floats(sum);
            FloatBuffer row = floats(bias);
            for (int i = 0; i < out.capacity(); i++) {
                out.put(i, out.get(i) + row.get(i));
            }
        }
        return sum;
    }

    private static FloatBuffer floats(INDArray array) {
        return Objects.requireNonNull(HostBytes.of(array))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }
}
