package dev.loraplus.dsl

import dev.loraplus.samediff.training.LoraTrainerBuilder
import java.nio.file.Path

/**
 * Says what depends on the metric of a SameDiff graph's training. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class EvaluationScope internal constructor(
    private val builder: LoraTrainerBuilder,
) {
    /**
     * Saves the adapter to a folder whenever the metric is better than ever before.
     *
     * @sample dev.loraplus.dsl.samples.evaluation
     */
    public fun keepBest(folder: Path) {
        builder.keepBest(folder)
    }

    /**
     * Ends the training once the metric has not improved for a while.
     *
     * @sample dev.loraplus.dsl.samples.evaluation
     * @param patience how many evaluations in a row without improvement end it: at least 1
     * @param minDelta by how much a value must be better than the last improvement to be one: at least 0
     */
    public fun earlyStop(
        patience: Int,
        minDelta: Number,
    ) {
        builder.earlyStopping(patience, minDelta.toDouble())
    }
}
