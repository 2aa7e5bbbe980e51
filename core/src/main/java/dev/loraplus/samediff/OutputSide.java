package dev.loraplus.samediff;

import java.util.Set;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Says where the outputs of a weight are in the result of an operation that reads it. */
final class OutputSide {
    private static final Set<String> CONVOLUTIONS = Set.of("conv1d", "causal_conv1d", "conv2d", "conv3dnew");

    private OutputSide() {}

    /** Returns whether each output of the weight is one row, column or channel of a use's result. */
    static boolean isApart(AdaptableWeight weight, WeightUse use) {
        boolean flipped = use.transposed() != weight.view().outputFirst();
        return switch (use.form()) {
            case BRANCH_RIGHT -> !flipped;
            case BRANCH_LEFT -> flipped;
            case BRANCH_LOOKUP -> !weight.view().outputFirst();
            case EFFECTIVE_WEIGHT -> use.input() == 1 && CONVOLUTIONS.contains(use.kind());
        };
    }

    /** Returns the shape in which one value for each channel meets the result of a convolution. */
    static long[] ofConvolution(SameDiffOp operation, AdaptableWeight weight) {
        long nOut = weight.view().nOut();
        if (WeightViews.channelsLast((DynamicCustomOp) operation.getOp())) {
            return new long[] {nOut};
        }
        long[] shape = new long[weight.view().shape().length];
        java.util.Arrays.fill(shape, 1);
        shape[1] = nOut;
        return shape;
    }
}
