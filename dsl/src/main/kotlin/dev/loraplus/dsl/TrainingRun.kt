package dev.loraplus.dsl

import org.deeplearning4j.earlystopping.EarlyStoppingResult
import org.deeplearning4j.earlystopping.EarlyStoppingResult.TerminationReason
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingGraphTrainer
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer
import org.deeplearning4j.nn.api.Model
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.deeplearning4j.optimize.api.TrainingListener
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator

/** One training of a network by DL4J, whose two kinds of network share no interface for it. */
internal class TrainingRun private constructor(
    private val network: Model,
    private val epochs: Int,
    private val listeners: Collection<TrainingListener>,
    private val fit: () -> Unit,
    private val fitUntilStopped: (EarlyStopScope) -> EarlyStoppingResult<*>,
) {
    /** Trains with listeners that are there for this run only. */
    fun run(block: NetworkTrainScope.() -> Unit): NetworkTraining {
        require(epochs >= 1) { "epochs must be at least 1, got $epochs." }
        val scope = NetworkTrainScope().apply(block)
        network.addListeners(*scope.listeners.toTypedArray())
        try {
            scope.earlyStop?.let { return best(fitUntilStopped(it)) }
            fit()
            return NetworkTraining(epochs, network.score(), null)
        } finally {
            network.setListeners(listeners)
        }
    }

    /** DL4J catches what goes wrong in early stopping, and returns a copy of the best network. */
    private fun best(result: EarlyStoppingResult<*>): NetworkTraining {
        check(result.terminationReason != TerminationReason.Error) {
            "Training with early stopping ended by an error: ${result.terminationDetails}."
        }
        network.setParams(result.bestModel.params())
        return NetworkTraining(
            result.totalEpochs,
            result.scoreVsEpoch.getValue(result.bestModelEpoch),
            result.bestModelEpoch,
        )
    }

    companion object {
        fun of(
            network: Model,
            data: DataSetIterator,
            epochs: Int,
        ): TrainingRun =
            when (network) {
                is MultiLayerNetwork ->
                    TrainingRun(network, epochs, network.listeners.toList(), { network.fit(data, epochs) }) {
                        EarlyStoppingTrainer(it.configuration(network, epochs), network, data).fit()
                    }
                is ComputationGraph ->
                    TrainingRun(network, epochs, network.listeners.toList(), { network.fit(data, epochs) }) {
                        EarlyStoppingGraphTrainer(it.configuration(network, epochs), network, data).fit()
                    }
                else -> throw IllegalArgumentException("Cannot train a ${network.javaClass.name}.")
            }

        fun of(
            network: ComputationGraph,
            data: MultiDataSetIterator,
            epochs: Int,
        ): TrainingRun =
            TrainingRun(network, epochs, network.listeners.toList(), { network.fit(data, epochs) }) {
                EarlyStoppingGraphTrainer(it.configuration(network, epochs), network, data, null).fit()
            }
    }
}
