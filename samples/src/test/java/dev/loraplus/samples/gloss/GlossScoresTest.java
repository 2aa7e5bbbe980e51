package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GlossScoresTest {
    private static final int ACT = 4;
    private static final int EVENT = 11;
    private static final int FOOD = 13;

    /** The model says noun.act to everything but to food; three acts, two events, one food. */
    @Test
    void evaluate_countsAccuracyAndConfusions() {
        List<Gloss> glosses = List.of(
                new Gloss("a", ACT),
                new Gloss("b", ACT),
                new Gloss("c", ACT),
                new Gloss("d", EVENT),
                new Gloss("e", EVENT),
                new Gloss("f", FOOD));
        GlossBatches batches = GlossBatches.evaluation(
                TokenizedGlosses.of(glosses, (texts, maxLength) -> texts.stream()
                        .map(text -> new int[] {101, 102})
                        .toList()),
                4);

        Evaluation evaluation = GlossScores.evaluate(batches, batch -> logits(batch.getLabels(0)));

        assertThat(evaluation.accuracy()).isCloseTo(4 / 6.0, within(1e-12));
        assertThat(Confusion.mostFrequent(evaluation, 5))
                .containsExactly(new Confusion("noun.event", "noun.act", 2, 1.0));
        assertThat(batches.hasNext()).isTrue();
    }

    @Test
    void prediction_takesTheLargestLogitAndItsSoftmax() {
        float[] row = new float[45];
        row[FOOD] = (float) Math.log(44);

        Prediction prediction = Prediction.of("a soup", "noun.food", Nd4j.createFromArray(new float[][] {row}));

        assertThat(prediction.predicted()).isEqualTo("noun.food");
        assertThat(prediction.probability()).isCloseTo(0.5, within(1e-6));
        assertThat(prediction.isRight()).isTrue();
        assertThat(new Prediction("a soup", null, "noun.food", 0.5).isRight()).isFalse();
    }

    private static INDArray logits(INDArray labels) {
        INDArray logits = Nd4j.zeros(labels.shape());
        for (int row = 0; row < labels.size(0); row++) {
            logits.putScalar(row, labels.getDouble(row, FOOD) == 1 ? FOOD : ACT, 3);
        }
        return logits;
    }
}
