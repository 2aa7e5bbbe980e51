package dev.loraplus.samediff.training;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds one-hot labels as rows, {@code [n, K]}: n is the product of all dimensions but the last, K the classes. A row of
 * zeros holds no class, as padding does.
 *
 * @param rows in DOUBLE, a copy
 * @param mask one value for each row, {@code [n, 1]}: how much it counts
 */
record LabelRows(INDArray rows, INDArray mask) {
    /**
     * Copies labels into rows.
     *
     * @throws IllegalArgumentException if a row is neither one-hot nor zero, or the mask doesn't fit
     */
    static LabelRows of(String name, INDArray labels, @Nullable INDArray mask) {
        if (labels.rank() < 2) {
            throw new IllegalArgumentException("The labels '" + name + "' must be one-hot, [b, K] or [b, t, K], got the"
                    + " shape " + Arrays.toString(labels.shape()) + ".");
        }
        long classes = labels.size(-1);
        INDArray rows = labels.castTo(DataType.DOUBLE).dup('c').reshape('c', labels.length() / classes, classes);
        requireOneHot(name, rows);
        long count = rows.size(0);
        if (mask == null) {
            return new LabelRows(rows, org.nd4j.linalg.factory.Nd4j.ones(DataType.DOUBLE, count, 1));
        }
        if (mask.length() != count) {
            throw new IllegalArgumentException("The mask of the labels '" + name + "' must have one value for each of "
                    + count + " label rows, got the shape " + Arrays.toString(mask.shape()) + ".");
        }
        return new LabelRows(rows, mask.castTo(DataType.DOUBLE).dup('c').reshape('c', count, 1));
    }

    long classes() {
        return rows.size(1);
    }

    private static void requireOneHot(String name, INDArray rows) {
        INDArray sums = rows.sum(1);
        boolean binary = rows.mul(rows.rsub(1)).amaxNumber().doubleValue() == 0;
        boolean single = sums.mul(sums.rsub(1)).amaxNumber().doubleValue() == 0;
        if (!binary || !single) {
            throw new IllegalArgumentException("The labels '" + name + "' must be one-hot in their last dimension, or"
                    + " zero where there is no label, for label smoothing and class weights; these are not.");
        }
    }
}
