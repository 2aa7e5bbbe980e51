package dev.loraplus.samples.gloss;

import java.util.function.Function;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Scores a model on labelled batches.
 *
 * @since 0.1.0
 */
public final class GlossScores {
    private GlossScores() {}

    /**
     * Evaluates one pass over the batches.
     *
     * @param batches where to read from; left reset
     * @param logits gives the logits {@code [b, 45]} of a batch; the largest one is the prediction
     * @return accuracy and confusions with the names of the supersenses
     */
    public static Evaluation evaluate(GlossBatches batches, Function<MultiDataSet, INDArray> logits) {
        Evaluation evaluation = new Evaluation(Supersenses.names());
        batches.reset();
        while (batches.hasNext()) {
            MultiDataSet batch = batches.next();
            evaluation.eval(batch.getLabels(0), logits.apply(batch));
        }
        batches.reset();
        return evaluation;
    }
}
