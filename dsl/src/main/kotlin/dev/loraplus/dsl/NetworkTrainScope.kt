package dev.loraplus.dsl

import org.deeplearning4j.optimize.api.InvocationType
import org.deeplearning4j.optimize.api.TrainingListener
import org.deeplearning4j.optimize.listeners.CheckpointListener
import org.deeplearning4j.optimize.listeners.EvaluativeListener
import org.deeplearning4j.optimize.listeners.ScoreIterationListener
import org.deeplearning4j.optimize.listeners.callbacks.EvaluationCallback
import org.nd4j.evaluation.IEvaluation
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import java.nio.file.Path

/**
 * Says what goes with the training of a network's adapter, by DL4J's own tools; updater and rates are said where the
 * adapter is attached. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkTrainScope internal constructor() {
    internal val listeners = mutableListOf<TrainingListener>()
    internal var earlyStop: EarlyStopScope? = null
        private set

    /**
     * Adds listeners for this training, besides those of the network. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.networkListeners
     */
    public fun listeners(vararg listeners: TrainingListener) {
        this.listeners += listeners
    }

    /**
     * Logs the score after every so many iterations, as DL4J's [ScoreIterationListener].
     *
     * @sample dev.loraplus.dsl.samples.networkListeners
     * @param every the number of iterations from one line to the next: at least 1
     */
    public fun progress(every: Int) {
        require(every >= 1) { "progress must be shown every 1 or more iterations, got $every." }
        listeners += ScoreIterationListener(every)
    }

    /**
     * Evaluates on other data after every epoch and gives the figures to [report].
     *
     * @sample dev.loraplus.dsl.samples.networkEvaluation
     * @param evaluation collects the figures, for example DL4J's `Evaluation()`; reset before each use
     */
    public fun <E : IEvaluation<*>> evaluate(
        data: DataSetIterator,
        evaluation: E,
        report: (E) -> Unit,
    ) {
        val listener = EvaluativeListener(data, 1, InvocationType.EPOCH_END, evaluation)
        listener.callback = EvaluationCallback { _, _, _, _ -> report(evaluation) }
        listeners += listener
    }

    /**
     * Saves the adapted network to a folder as zips, as DL4J's [CheckpointListener]: after every epoch, or after every
     * so many iterations.
     *
     * @sample dev.loraplus.dsl.samples.networkCheckpoints
     * @param everyIterations the number of iterations from one zip to the next: at least 1; null is every epoch
     * @param keepLast how many zips are kept: at least 1; null is all
     */
    public fun checkpoint(
        folder: Path,
        everyIterations: Int? = null,
        keepLast: Int? = null,
    ) {
        val builder = CheckpointListener.Builder(folder.toFile())
        everyIterations?.let { builder.saveEveryNIterations(it) } ?: builder.saveEveryEpoch()
        keepLast?.let { builder.keepLast(it) } ?: builder.keepAll()
        listeners += builder.build()
    }

    /**
     * Ends the training once the score on other data gets no better, and leaves the network at its best epoch.
     *
     * @sample dev.loraplus.dsl.samples.networkEarlyStop
     * @param validation what the score is computed on after every epoch
     * @throws IllegalArgumentException if it has been said before
     */
    public fun earlyStop(
        validation: DataSetIterator,
        block: EarlyStopScope.() -> Unit = {},
    ) {
        require(earlyStop == null) { "There is one earlyStop { }, got two: drop one of them." }
        earlyStop = EarlyStopScope(validation).apply(block)
    }
}
