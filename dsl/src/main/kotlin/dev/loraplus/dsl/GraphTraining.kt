@file:JvmName("GraphTraining")

package dev.loraplus.dsl

import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.training.LoraTrainer
import dev.loraplus.samediff.training.TrainingResult
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator
import org.nd4j.linalg.dataset.DataSet
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator

/**
 * Trains the adapter for some passes over the data. Only the optimizer has to be said.
 *
 * @sample dev.loraplus.dsl.samples.train
 * @param epochs the number of passes: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is missing or out of its range; it is named
 * @throws IllegalStateException if the graph marks no loss, or the adapter is merged, disabled or detached
 * @throws dev.loraplus.samediff.training.DivergenceException if a loss or gradient is not finite; the step is not taken
 * @since 0.1.0
 */
public fun AdaptedGraph.train(
    data: MultiDataSetIterator,
    epochs: Int,
    block: TrainScope.() -> Unit,
): TrainingResult = trainer(block).use { it.fit(data, epochs) }

/**
 * Trains the adapter for some passes over the data. Only the optimizer has to be said.
 *
 * @sample dev.loraplus.dsl.samples.train
 * @param epochs the number of passes: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is missing or out of its range; it is named
 * @throws IllegalStateException if the graph marks no loss, or the adapter is merged, disabled or detached
 * @throws dev.loraplus.samediff.training.DivergenceException if a loss or gradient is not finite; the step is not taken
 * @since 0.1.0
 */
public fun AdaptedGraph.train(
    data: DataSetIterator,
    epochs: Int,
    block: TrainScope.() -> Unit,
): TrainingResult = trainer(block).use { it.fit(data, epochs) }

/**
 * Trains the adapter for some passes over examples in memory, cut into batches in their order.
 *
 * @sample dev.loraplus.dsl.samples.trainInMemory
 * @param epochs the number of passes: at least 1
 * @param batch the number of examples in a batch: at least 1
 * @return what the training did
 * @throws IllegalArgumentException if a setting is missing or out of its range; it is named
 * @throws IllegalStateException if the graph marks no loss, or the adapter is merged, disabled or detached
 * @throws dev.loraplus.samediff.training.DivergenceException if a loss or gradient is not finite; the step is not taken
 * @since 0.1.0
 */
public fun AdaptedGraph.train(
    examples: DataSet,
    epochs: Int,
    batch: Int,
    block: TrainScope.() -> Unit,
): TrainingResult = train(batches(examples, batch), epochs, block)

/**
 * Prepares a training that you drive yourself, step by step or fit by fit. Close the trainer in the end.
 *
 * @sample dev.loraplus.dsl.samples.stepByStep
 * @throws IllegalArgumentException if a setting is missing or out of its range; it is named
 * @throws IllegalStateException if the graph marks no loss, or the adapter is merged, disabled or detached
 * @since 0.1.0
 */
public fun AdaptedGraph.trainer(block: TrainScope.() -> Unit): LoraTrainer = TrainScope().apply(block).trainer(this)

internal fun batches(
    examples: DataSet,
    batch: Int,
): DataSetIterator {
    require(batch >= 1) { "batch must be at least 1, got $batch." }
    return ListDataSetIterator(examples.asList(), batch)
}
