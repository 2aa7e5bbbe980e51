package dev.loraplus.samediff.training;

import dev.loraplus.samediff.gradient.GradientComputer.Computed;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Combines losses and gradients of the batches of one step into those of all their examples as one batch. */
final class GradientSum {
    private final boolean mean;
    private @Nullable Computed sum;
    private double firstWeight;
    private double weights;
    private int batches;

    /** {@code mean} says whether to divide by the sum of the weights, or to add as it is. */
    GradientSum(boolean mean) {
        this.mean = mean;
    }

    /**
     * Adds a batch.
     *
     * @param computed its losses and gradients; overwritten, and the sum's own from now on
     * @param weight what the mean of its loss is taken over: finite and at least 0
     */
    void add(Computed computed, double weight) {
        batches++;
        weights += weight;
        Computed before = sum;
        if (before == null) {
            sum = computed;
            firstWeight = weight;
            return;
        }
        if (batches == 2) {
            scale(before, mean ? firstWeight : 1);
        }
        scale(computed, mean ? weight : 1);
        for (int i = 0; i < before.losses().length; i++) {
            before.losses()[i] += computed.losses()[i];
        }
        computed.gradients().forEach((name, gradient) -> gradient(before, name).addi(gradient));
    }

    /** Returns the mean or sum; that of one batch is the batch's own, bit for bit. */
    Computed result() {
        Computed result = sum;
        if (result == null) {
            throw new IllegalStateException("A step needs at least one batch.");
        }
        if (mean && batches > 1) {
            if (weights == 0) {
                throw new IllegalArgumentException("No label of the step's " + batches + " batches counts: all are"
                        + " masked, or their classes weigh 0. Leave such batches out.");
            }
            scale(result, 1 / weights);
        }
        return result;
    }

    private static INDArray gradient(Computed computed, String name) {
        INDArray gradient = computed.gradients().get(name);
        if (gradient == null) {
            throw new IllegalStateException("No gradient of '" + name + "'.");
        }
        return gradient;
    }

    private static void scale(Computed computed, double factor) {
        for (int i = 0; i < computed.losses().length; i++) {
            computed.losses()[i] *= factor;
        }
        for (Map.Entry<String, INDArray> gradient : computed.gradients().entrySet()) {
            gradient.getValue().muli(factor);
        }
    }
}
