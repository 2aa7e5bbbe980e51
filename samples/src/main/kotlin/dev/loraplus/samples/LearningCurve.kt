package dev.loraplus.samples

import dev.loraplus.samediff.LoraTrainer
import dev.loraplus.samples.gloss.GlossTask
import dev.loraplus.samples.gloss.Point
import org.nd4j.autodiff.listeners.At
import org.nd4j.autodiff.listeners.BaseListener
import org.nd4j.autodiff.listeners.Loss
import org.nd4j.autodiff.listeners.Operation
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.dataset.api.MultiDataSet

/** Records the loss of every step, and the validation accuracy a few times on the way. */
internal class LearningCurve(
    private val task: GlossTask,
    private val steps: Int,
) : BaseListener() {
    val loss = mutableListOf<Point>()
    val accuracy = mutableListOf<Point>()

    /** How long the validations took, which is no training. */
    var validationSeconds = 0.0
        private set

    /** The trainer that this listens to; it does not exist yet when its listeners are named. */
    lateinit var trainer: LoraTrainer

    override fun isActive(operation: Operation): Boolean = operation == Operation.TRAINING

    override fun iterationDone(
        graph: SameDiff,
        at: At,
        batch: MultiDataSet,
        value: Loss,
    ) {
        val done = at.iteration() + 1
        loss += Point(done, value.lossValues().sum())
        if (done % maxOf(1, steps / VALIDATIONS) == 0 && steps - done > steps / (2 * VALIDATIONS)) {
            val started = System.nanoTime()
            accuracy += Point(done, GlossTask.evaluate(trainer, task.validation()).accuracy())
            validationSeconds += (System.nanoTime() - started) / 1e9
        }
    }

    private companion object {
        const val VALIDATIONS = 1
    }
}
