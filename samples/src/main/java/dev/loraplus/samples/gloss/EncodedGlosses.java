package dev.loraplus.samples.gloss;

import dev.loraplus.models.Bert;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * What the encoder makes of glosses, computed once: as long as only the head is trained, it stays the same.
 *
 * @param pooled the encoder's pooled outputs {@code [b, 384]}, batch by batch
 * @param labels the one-hot labels {@code [b, 45]}, likewise
 */
public record EncodedGlosses(List<INDArray> pooled, List<INDArray> labels) {
    private static final int BATCH = 64;

    /** Encodes glosses with a trainer's session. */
    public static EncodedGlosses of(LoraTrainer trainer, TokenizedGlosses glosses) {
        EncodedGlosses encoded = new EncodedGlosses(new ArrayList<>(), new ArrayList<>());
        GlossBatches batches = GlossBatches.evaluation(glosses, BATCH);
        while (batches.hasNext()) {
            MultiDataSet batch = batches.next();
            encoded.pooled.add(GlossTask.output(trainer, batch, Bert.POOLER_OUTPUT));
            encoded.labels.add(batch.getLabels(0));
        }
        return encoded;
    }

    /** Evaluates the classification head that a graph has now. */
    public Evaluation evaluate(SameDiff graph) {
        Evaluation evaluation = new Evaluation(Supersenses.names());
        INDArray weight = graph.getVariable("classifier.weight").getArr();
        INDArray bias = graph.getVariable("classifier.bias").getArr();
        for (int i = 0; i < pooled.size(); i++) {
            evaluation.eval(labels.get(i), pooled.get(i).mmul(weight).addRowVector(bias));
        }
        return evaluation;
    }
}
