package dev.loraplus.samediff.training;

import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Measures the loss that is trained on other data. */
final class LossMetric extends Metric {
    private final MultiDataSetIterator data;

    LossMetric(MultiDataSetIterator data) {
        super("loss", false);
        this.data = data;
    }

    @Override
    double evaluate(LoraTrainer trainer, BatchMapping mapping) {
        BatchWeight weight = trainer.batchWeight(mapping);
        double sum = 0;
        double weights = 0;
        data.reset();
        while (data.hasNext()) {
            MultiDataSet batch = data.next();
            double of = weight.of(batch);
            sum += of * trainer.loss(mapping.placeholders(batch));
            weights += of;
        }
        if (weights == 0) {
            throw new IllegalStateException("The data of the metric 'loss' hold nothing that counts for the loss; give"
                    + " at least one batch with a label that no mask hides.");
        }
        return weight.isMean() ? sum / weights : sum;
    }
}
