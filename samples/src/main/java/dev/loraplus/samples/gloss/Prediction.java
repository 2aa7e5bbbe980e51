package dev.loraplus.samples.gloss;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds what a model says about one text.
 *
 * @param text the definition
 * @param actual the name of its class, or null where nobody knows it
 * @param predicted the name of the class with the largest logit
 * @param probability its softmax probability
 * @since 0.1.0
 */
public record Prediction(String text, @Nullable String actual, String predicted, double probability) {
    /**
     * Reads a prediction from logits.
     *
     * @param logits one row of 45 logits
     */
    public static Prediction of(String text, @Nullable String actual, INDArray logits) {
        double[] values = logits.ravel().toDoubleVector();
        int best = 0;
        for (int label = 1; label < values.length; label++) {
            best = values[label] > values[best] ? label : best;
        }
        double sum = 0;
        for (double value : values) {
            sum += Math.exp(value - values[best]);
        }
        return new Prediction(text, actual, Supersenses.name(best), 1 / sum);
    }

    /** Returns whether the class is known and was found. */
    public boolean isRight() {
        return predicted.equals(actual);
    }

    /** Returns class, probability and text on one line, and what the class is in WordNet where it is known. */
    @Override
    public String toString() {
        String truth = actual == null || isRight() ? "" : " (WordNet: " + actual + ")";
        return String.format(Locale.ROOT, "%-20s %3.0f %%%s  %s", predicted, 100 * probability, truth, text);
    }
}
