package dev.loraplus.samples.adaptation;

import dev.loraplus.Targets;
import java.util.List;

/**
 * Says how a network is adapted, in every way alike.
 *
 * @param metric what counts
 * @param targets what gets factors
 * @param head the layer that is trained fully in every way
 * @param rates the learning rates that each way chooses from
 * @param settings what the command line gave
 */
public record AdaptationPlan(
        Metric metric, Targets targets, String head, List<Double> rates, AdaptationSettings settings) {
    /** Creates a plan; the rates are copied. */
    public AdaptationPlan {
        rates = List.copyOf(rates);
    }

    /** Returns lambda for a way: 1 unless it is LoRA+. */
    public double lambda(Way way) {
        return way == Way.LORA_PLUS ? settings.lambda() : 1;
    }
}
