package dev.loraplus.samediff.training;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Says what one training step did. Immutable and thread-safe.
 *
 * @param step how many steps were taken, this one included
 * @param epoch the epoch of the step, counted from 0
 * @param examples how many examples the step saw
 * @param loss the total loss before the update
 * @param gradientNorm the Euclidean norm of all gradients together, before clipping
 * @param rates the learning rate by group, as {@link LoraTrainer#groups()} names them; the largest one of the group
 * @param updateNorms the Euclidean norm of the change of the parameters by group, weight decay included
 * @since 0.1.0
 */
public record StepReport(
        long step,
        int epoch,
        long examples,
        double loss,
        double gradientNorm,
        Map<String, Double> rates,
        Map<String, Double> updateNorms) {
    /** Copies the maps, in their order. */
    public StepReport {
        rates = Collections.unmodifiableMap(new LinkedHashMap<>(rates));
        updateNorms = Collections.unmodifiableMap(new LinkedHashMap<>(updateNorms));
    }
}
