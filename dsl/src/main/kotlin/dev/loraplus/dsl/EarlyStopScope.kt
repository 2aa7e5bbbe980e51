package dev.loraplus.dsl

import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver
import org.deeplearning4j.earlystopping.scorecalc.ClassificationScoreCalculator
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator
import org.deeplearning4j.earlystopping.termination.EpochTerminationCondition
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition
import org.deeplearning4j.earlystopping.termination.ScoreImprovementEpochTerminationCondition
import org.deeplearning4j.nn.api.Model
import org.nd4j.evaluation.classification.Evaluation
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator

/**
 * Says when the training of a network's adapter ends before its epochs, by DL4J's early stopping. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class EarlyStopScope internal constructor(
    private val validation: DataSetIterator,
) {
    /** How many epochs in a row may bring no improvement: at least 0; null only picks the best epoch of all. */
    public var patience: Int? = null

    /** How much better a score must be to count as an improvement: at least 0; null is anything above 0. */
    public var minImprovement: Number? = null

    /** A figure of classification to maximise, such as the accuracy; null minimises the loss. */
    public var metric: Evaluation.Metric? = null

    internal fun <N : Model> configuration(
        network: N,
        epochs: Int,
    ): EarlyStoppingConfiguration<N> {
        val conditions = mutableListOf<EpochTerminationCondition>(MaxEpochsTerminationCondition(epochs))
        require(minImprovement == null || patience != null) {
            "minImprovement = $minImprovement has no effect without patience; set patience, or drop it."
        }
        patience?.let {
            conditions += ScoreImprovementEpochTerminationCondition(it, minImprovement?.toDouble() ?: 0.0)
        }
        val score =
            metric?.let { ClassificationScoreCalculator(it, validation) } ?: DataSetLossCalculator(validation, true)
        val saver = InMemoryModelSaver<N>()
        saver.saveBestModel(network, Double.NaN) // DL4J hides an error of the first epoch where there is no best one
        return EarlyStoppingConfiguration
            .Builder<N>()
            .epochTerminationConditions(conditions)
            .scoreCalculator(score)
            .modelSaver(saver)
            .evaluateEveryNEpochs(1)
            .build()
    }
}
