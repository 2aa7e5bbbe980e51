package dev.loraplus.samediff.training;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Counts what the loss of a batch is the mean of.
 *
 * @param average what the loss averages over
 */
record BatchWeight(LossAverage average) {
    /**
     * Takes the setting, or what fits the mapping where none is set.
     *
     * @throws IllegalArgumentException if the setting needs labels or label masks that are not mapped
     */
    static BatchWeight of(BatchMapping mapping, @Nullable LossAverage wanted) {
        boolean labels = !mapping.labels().isEmpty();
        boolean masks = !mapping.labelMasks().isEmpty();
        if (wanted == LossAverage.LABEL_MASK && !masks) {
            throw new IllegalArgumentException("lossAverage(LABEL_MASK) needs a placeholder that takes the label mask;"
                    + " name it with labelMasks(...).");
        }
        if (wanted == LossAverage.LABELS && !labels) {
            throw new IllegalArgumentException("lossAverage(LABELS) needs placeholders that take label arrays; name"
                    + " them with labels(...), or use EXAMPLES.");
        }
        if (wanted != null) {
            return new BatchWeight(wanted);
        }
        return new BatchWeight(masks ? LossAverage.LABEL_MASK : labels ? LossAverage.LABELS : LossAverage.EXAMPLES);
    }

    boolean isMean() {
        return average != LossAverage.SUM;
    }

    double of(MultiDataSet batch) {
        return switch (average) {
            case SUM -> 1;
            case EXAMPLES -> BatchMapping.examples(batch);
            case LABELS ->
                Arrays.stream(batch.getLabels()).mapToLong(INDArray::length).sum();
            case LABEL_MASK ->
                Arrays.stream(batch.getLabelsMaskArrays())
                        .mapToDouble(mask -> mask.sumNumber().doubleValue())
                        .sum();
        };
    }
}
