package dev.loraplus.dsl

import dev.loraplus.samediff.training.LoraTrainerBuilder
import dev.loraplus.samediff.training.LossAverage

/**
 * Says what goes into a step of the training of a SameDiff graph: which placeholders take a batch, and how batches and
 * labels count. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public sealed class BatchScope {
    /** How many batches one step takes together, as if their examples were one batch: at least 1. */
    public var accumulate: Int? = null

    /** What the graph's loss is the mean of, which accumulation, class weights and metrics need to know. */
    public var lossAverage: LossAverage? = null

    /** How much of each one-hot label is spread over all classes: in `[0, 1)`. */
    public var labelSmoothing: Number? = null

    private val names = mutableListOf<LoraTrainerBuilder.() -> Unit>()

    /**
     * Names the placeholders of the feature arrays, in their order; without it, those of the graph's TrainingConfig.
     *
     * @sample dev.loraplus.dsl.samples.train
     */
    public fun features(vararg names: String): Unit = named { features(*names) }

    /**
     * Names the placeholders of the label arrays, in their order; without it, those of the graph's TrainingConfig.
     *
     * @sample dev.loraplus.dsl.samples.train
     */
    public fun labels(vararg names: String): Unit = named { labels(*names) }

    /**
     * Names the placeholders of the feature masks, in their order; a mask that none takes is refused.
     *
     * @sample dev.loraplus.dsl.samples.masks
     */
    public fun featureMasks(vararg names: String): Unit = named { featureMasks(*names) }

    /**
     * Names the placeholders of the label masks, in their order; a mask that none takes is refused.
     *
     * @sample dev.loraplus.dsl.samples.masks
     */
    public fun labelMasks(vararg names: String): Unit = named { labelMasks(*names) }

    /**
     * Says how much each class counts: one weight for each, finite and at least 0.
     *
     * @sample dev.loraplus.dsl.samples.unevenClasses
     */
    public fun classWeights(vararg weights: Number): Unit =
        named { classWeights(*weights.map { it.toDouble() }.toDoubleArray()) }

    internal fun applyBatchesTo(builder: LoraTrainerBuilder) {
        accumulate?.let(builder::accumulate)
        lossAverage?.let(builder::lossAverage)
        labelSmoothing?.let { builder.labelSmoothing(it.toDouble()) }
        names.forEach { builder.it() }
    }

    private fun named(setting: LoraTrainerBuilder.() -> Unit) {
        names += setting
    }
}
