package dev.loraplus.samediff.training;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Turns batches into placeholders, with the labels that are trained on, and says what each counts in a step. */
final class BatchFeed {
    /**
     * A batch ready for a graph.
     *
     * @param placeholders by name
     * @param weight what its loss is the mean of
     */
    record Fed(Map<String, INDArray> placeholders, double weight) {}

    private final BatchMapping mapping;
    private final BatchWeight weight;
    private final @Nullable LabelChange change;
    private final boolean weighted;

    BatchFeed(SameDiff graph, BatchMapping mapping, TrainerSettings settings) {
        this.mapping = mapping;
        weight = BatchWeight.of(mapping, settings.lossAverage);
        change = settings.changesLabels() ? LabelChange.of(graph, mapping, settings, weight.average()) : null;
        weighted = settings.classWeights != null && weight.isMean();
    }

    boolean isMean() {
        return weight.isMean();
    }

    Fed feed(MultiDataSet batch) {
        Map<String, INDArray> placeholders = mapping.placeholders(batch);
        double ofClasses = change == null ? 0 : change.apply(placeholders, batch);
        return new Fed(placeholders, weighted ? ofClasses : weight.of(batch));
    }
}
