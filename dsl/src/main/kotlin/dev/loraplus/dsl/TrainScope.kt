package dev.loraplus.dsl

import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.training.LoraTrainer
import dev.loraplus.samediff.training.LoraTrainerBuilder
import dev.loraplus.samediff.training.Metric
import dev.loraplus.samediff.training.StepListener
import org.nd4j.autodiff.listeners.Listener
import java.nio.file.Path

/**
 * Says how the adapter of a SameDiff graph is trained.
 *
 * What is not said, a property that stays null included, has the default of [LoraTrainerBuilder]; only the optimizer
 * has none. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class TrainScope internal constructor() : BatchScope() {
    /** Whether a progress bar is shown on System.err once training lasts. */
    public var progress: Boolean? = null

    /** Whether Java kernels take the place of operations that the CPU backend does slowly. */
    public var kernels: Boolean? = null

    /** After how many steps training ends whatever the epochs: at least 1. */
    public var maxSteps: Long? = null

    private val optimizer = OptimizerScope()
    private val settings = mutableListOf<LoraTrainerBuilder.() -> Unit>()

    /**
     * Says how gradients change A and B; the learning rate of A has no default.
     *
     * @sample dev.loraplus.dsl.samples.graphOptimizer
     */
    public fun optimizer(block: OptimizerScope.() -> Unit) {
        optimizer.block()
    }

    /**
     * Adds listeners, besides those of the graph. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.listeners
     */
    public fun listeners(vararg listeners: Listener): Unit = set { listeners(*listeners) }

    /**
     * Tells of the loss, the gradient's norm, the rates and the changes of each step. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.listeners
     */
    public fun onStep(listener: StepListener): Unit = set { onStep(listener) }

    /**
     * Writes what `onStep` tells, and each evaluation, to a file, one JSON object a line.
     *
     * @sample dev.loraplus.dsl.samples.listeners
     */
    public fun metrics(file: Path): Unit = set { metrics(file) }

    /**
     * Saves the adapter to a folder after each epoch.
     *
     * @sample dev.loraplus.dsl.samples.checkpoint
     * @param every after how many steps it is saved too: at least 1
     */
    public fun save(
        folder: Path,
        every: Long? = null,
    ): Unit =
        set {
            saveTo(folder)
            every?.let { saveEvery(it) }
        }

    /**
     * Writes checkpoints to a folder after each epoch, from which a training goes on bit for bit.
     *
     * @sample dev.loraplus.dsl.samples.checkpoint
     * @param every after how many steps one is written too: at least 1
     * @param keepLast how many are kept: at least 1
     * @param resume whether this training goes on from the newest one, if there is one
     */
    public fun checkpoint(
        folder: Path,
        every: Long? = null,
        keepLast: Int? = null,
        resume: Boolean = false,
    ): Unit =
        set {
            checkpoints(folder)
            every?.let { checkpointEvery(it) }
            keepLast?.let { keepLast(it) }
            if (resume) resume()
        }

    /**
     * Computes a metric at the end of each epoch, or after every so many steps, and says what depends on it.
     *
     * @sample dev.loraplus.dsl.samples.evaluation
     * @param every the number of steps from one evaluation to the next: at least 1; null is every epoch
     */
    public fun evaluate(
        metric: Metric,
        every: Long? = null,
        block: EvaluationScope.() -> Unit = {},
    ): Unit =
        set {
            if (every == null) evaluate(metric) else evaluate(every, metric)
            EvaluationScope(this).block()
        }

    internal fun trainer(adapted: AdaptedGraph): LoraTrainer {
        val builder = LoraTrainer.builder(adapted)
        optimizer.applyTo(builder)
        applyBatchesTo(builder)
        progress?.let(builder::progress)
        kernels?.let(builder::kernels)
        maxSteps?.let(builder::maxSteps)
        settings.forEach { builder.it() }
        return builder.build()
    }

    private fun set(setting: LoraTrainerBuilder.() -> Unit) {
        settings += setting
    }
}
