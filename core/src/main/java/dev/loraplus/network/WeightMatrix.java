package dev.loraplus.network;

import java.io.Serializable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads a stored weight of any rank as the matrix W {@code [nIn, nOut]} of x &middot; W.
 *
 * @param nIn the input side: for a convolution input channels times kernel
 * @param nOut the output side
 * @param outputFirst whether the output side is stored first, so that the stored matrix is the transpose of W
 */
record WeightMatrix(long nIn, long nOut, boolean outputFirst) implements Serializable {

    /** Reads the leading {@code split} dimensions of a stored shape as rows and the others as columns. */
    static WeightMatrix of(long[] shape, int split, boolean outputFirst) {
        long rows = 1;
        long columns = 1;
        for (int i = 0; i < shape.length; i++) {
            if (i < split) {
                rows *= shape[i];
            } else {
                columns *= shape[i];
            }
        }
        return outputFirst ? new WeightMatrix(columns, rows, true) : new WeightMatrix(rows, columns, false);
    }

    /** Returns a contiguous stored array as W {@code [nIn, nOut]}; both share their values. */
    INDArray of(INDArray stored) {
        char order = stored.ordering();
        return outputFirst ? stored.reshape(order, nOut, nIn).transpose() : stored.reshape(order, nIn, nOut);
    }
}
