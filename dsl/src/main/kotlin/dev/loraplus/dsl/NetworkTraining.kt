@file:JvmName("NetworkTrainings")

package dev.loraplus.dsl

import dev.loraplus.network.AdaptedNetwork
import org.deeplearning4j.nn.api.Model
import org.deeplearning4j.nn.graph.ComputationGraph
import org.nd4j.linalg.dataset.DataSet
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator

/**
 * Trains the adapter for some passes over the data, by DL4J's own `fit`.
 *
 * @sample dev.loraplus.dsl.samples.trainNetwork
 * @param epochs the number of passes: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is out of its range; it is named
 * @since 0.1.0
 */
public fun <N : Model> AdaptedNetwork<N>.train(
    data: DataSetIterator,
    epochs: Int,
    block: NetworkTrainScope.() -> Unit = {},
): NetworkTraining = TrainingRun.of(model(), data, epochs).run(block)

/**
 * Trains the adapter of a graph with several inputs or outputs for some passes over the data, by DL4J's own `fit`.
 *
 * @sample dev.loraplus.dsl.samples.trainGraphOfLayers
 * @param epochs the number of passes: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is out of its range; it is named
 * @since 0.1.0
 */
public fun AdaptedNetwork<ComputationGraph>.train(
    data: MultiDataSetIterator,
    epochs: Int,
    block: NetworkTrainScope.() -> Unit = {},
): NetworkTraining = TrainingRun.of(model(), data, epochs).run(block)

/**
 * Trains the adapter for some passes over examples in memory, cut into batches in their order.
 *
 * @sample dev.loraplus.dsl.samples.trainNetworkInMemory
 * @param epochs the number of passes: at least 1
 * @param batch the number of examples in a batch: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is out of its range; it is named
 * @since 0.1.0
 */
public fun <N : Model> AdaptedNetwork<N>.train(
    examples: DataSet,
    epochs: Int,
    batch: Int,
    block: NetworkTrainScope.() -> Unit = {},
): NetworkTraining = train(batches(examples, batch), epochs, block)

/**
 * Tells what a training of a network's adapter did. Immutable.
 *
 * @property epochs the passes over the data
 * @property score the loss of the last batch, or, with `earlyStop { }`, the score of the best epoch
 * @property bestEpoch the epoch, counted from 0, that the network was left at; null without `earlyStop { }`
 * @since 0.1.0
 */
public class NetworkTraining internal constructor(
    public val epochs: Int,
    public val score: Double,
    public val bestEpoch: Int?,
)
