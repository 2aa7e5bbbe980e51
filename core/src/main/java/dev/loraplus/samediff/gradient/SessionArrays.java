package dev.loraplus.samediff.gradient;

import org.nd4j.autodiff.samediff.internal.memory.ArrayCacheMemoryMgr;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Keeps the arrays of a session for their next use, always in 'c' order.
 *
 * <p>Where an operation asks for 'f' order, as {@code xw_plus_b} does, ND4J's own cache gives a new array in 'c' order,
 * but changes the order of one that it held before without its strides: from the second run on values land in wrong
 * places.
 */
final class SessionArrays extends ArrayCacheMemoryMgr {
    SessionArrays(double share, long smallArray, double largestMultiple) {
        super(share, smallArray, largestMultiple);
    }

    @Override
    public INDArray allocate(boolean detached, LongShapeDescriptor descriptor) {
        if (descriptor.isEmpty()) {
            return super.allocate(detached, descriptor);
        }
        long[] shape = descriptor.getShape();
        return shape.length == 0
                ? Nd4j.createUninitializedDetached(descriptor.dataType(), shape)
                : allocate(detached, descriptor.dataType(), shape);
    }
}
