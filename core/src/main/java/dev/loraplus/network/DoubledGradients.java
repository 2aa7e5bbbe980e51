package dev.loraplus.network;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Makes up for DL4J 1.0.0-M2.1, in which every layer defined by SameDiff, attention and locally connected ones among
 * them, returns twice its gradient: {@code ExternalErrorsFunction.doDiff} sets the gradient at the output and returns it,
 * to be added to what is set. All gradients of a layer are linear in the one at its output, and halving is exact.
 */
final class DoubledGradients {
    private DoubledGradients() {}

    /** Returns whether a layer is, or wraps, one with this fault. */
    static boolean isFrom(Layer layer) {
        return layer instanceof SameDiffLayer
                || (layer instanceof BaseWrapperLayer wrapper && isFrom(wrapper.getUnderlying()));
    }

    /** Returns the gradient at the output that gives such a layer its right gradients; a copy. */
    static INDArray compensated(INDArray epsilon) {
        return epsilon.mul(0.5);
    }
}
