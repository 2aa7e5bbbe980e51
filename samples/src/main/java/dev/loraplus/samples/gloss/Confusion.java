package dev.loraplus.samples.gloss;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.nd4j.evaluation.classification.ConfusionMatrix;
import org.nd4j.evaluation.classification.Evaluation;

/**
 * Counts how often glosses of one class were taken for another.
 *
 * @param actual the name of their class
 * @param predicted the name of the class they were taken for
 * @param count how many
 * @param share how many of all glosses of their class, in (0, 1]
 * @since 0.1.0
 */
public record Confusion(String actual, String predicted, int count, double share) {
    /** Returns the confusions with the largest counts, at most {@code limit}, largest first. */
    public static List<Confusion> mostFrequent(Evaluation evaluation, int limit) {
        ConfusionMatrix<Integer> matrix = evaluation.getConfusionMatrix();
        List<Confusion> confusions = new ArrayList<>();
        for (int actual = 0; actual < Supersenses.count(); actual++) {
            for (int predicted = 0; predicted < Supersenses.count(); predicted++) {
                int count = matrix.getCount(actual, predicted);
                if (actual != predicted && count > 0) {
                    double share = (double) count / matrix.getActualTotal(actual);
                    confusions.add(new Confusion(Supersenses.name(actual), Supersenses.name(predicted), count, share));
                }
            }
        }
        confusions.sort(Comparator.comparingInt(Confusion::count).reversed());
        return List.copyOf(confusions.subList(0, Math.min(limit, confusions.size())));
    }
}
