package dev.loraplus.samples.gloss;

import dev.loraplus.models.Bert;
import dev.loraplus.models.TokenBatch;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import dev.loraplus.samediff.training.LoraTrainerBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The task of the main job: WordNet glosses, tokenised, as batches for training and for every figure.
 *
 * @param training as many glosses as a training of the wanted length sees, each once
 * @param validation the first 2,000 validation glosses by hash
 * @param test the first 4,000 test glosses by hash; to be read once
 */
public record GlossTask(TokenizedGlosses training, TokenizedGlosses validation, TokenizedGlosses test) {
    private static final int VALIDATION = 2000;
    private static final int TEST = 4000;
    private static final int EVALUATION_BATCH = 64;

    /** Cuts the splits to what is used and tokenises it. */
    public static GlossTask of(GlossSplits splits, int examples, TextEncoder encoder) {
        int available = splits.train().size();
        return new GlossTask(
                TokenizedGlosses.of(splits.train().subList(0, Math.min(examples, available)), encoder),
                TokenizedGlosses.of(splits.validation().subList(0, VALIDATION), encoder),
                TokenizedGlosses.of(splits.test().subList(0, TEST), encoder));
    }

    /** Starts a trainer whose batches are these. */
    public static LoraTrainerBuilder trainer(AdaptedGraph adapted) {
        return LoraTrainer.builder(adapted)
                .features(Bert.INPUT_IDS, Bert.ATTENTION_MASK)
                .labels(Bert.LABELS);
    }

    /** Evaluates with a trainer's session, which runs the kernels of its training. */
    public static Evaluation evaluate(LoraTrainer trainer, TokenizedGlosses glosses) {
        return GlossScores.evaluate(
                GlossBatches.evaluation(glosses, EVALUATION_BATCH), batch -> output(trainer, batch, Bert.LOGITS));
    }

    static INDArray output(LoraTrainer trainer, MultiDataSet batch, String variable) {
        return Objects.requireNonNull(
                trainer.output(placeholders(batch), variable).get(variable));
    }

    /** Returns the logits {@code [n, 45]} of glosses, from short to long, computed by stock SameDiff. */
    public static INDArray logits(SameDiff graph, TokenizedGlosses glosses) {
        List<INDArray> logits = new ArrayList<>();
        GlossBatches batches = GlossBatches.evaluation(glosses, EVALUATION_BATCH);
        while (batches.hasNext()) {
            logits.add(Objects.requireNonNull(graph.output(placeholders(batches.next()), Bert.LOGITS)
                            .get(Bert.LOGITS))
                    .dup());
        }
        return Nd4j.vstack(logits);
    }

    /** Returns the logits {@code [n, 45]} of token sequences, computed by stock SameDiff. */
    public static INDArray logits(SameDiff graph, List<int[]> sequences) {
        return Objects.requireNonNull(graph.output(TokenBatch.of(sequences).placeholders(), Bert.LOGITS)
                .get(Bert.LOGITS));
    }

    private static Map<String, INDArray> placeholders(MultiDataSet batch) {
        Map<String, INDArray> placeholders = new LinkedHashMap<>();
        placeholders.put(Bert.INPUT_IDS, batch.getFeatures(0));
        placeholders.put(Bert.ATTENTION_MASK, batch.getFeatures(1));
        return placeholders;
    }
}
