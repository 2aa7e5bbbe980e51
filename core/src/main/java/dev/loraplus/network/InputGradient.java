package dev.loraplus.network;

import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes the gradient at the input of a matrix multiplication. */
final class InputGradient {
    private InputGradient() {}

    /**
     * Returns delta &middot; W<sup>T</sup> {@code [b, nIn]}, in the memory that DL4J expects it in.
     *
     * @param weight W {@code [nIn, nOut]}
     * @param delta {@code [b, nOut]}
     */
    static INDArray of(INDArray weight, INDArray delta, LayerWorkspaceMgr workspaceMgr) {
        INDArray transposed = workspaceMgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, delta.dataType(), new long[] {weight.size(0), delta.size(0)}, 'f');
        return weight.mmuli(delta.transpose(), transposed).transpose();
    }
}
