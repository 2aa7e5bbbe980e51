@file:JvmName("NetworkLora")

package dev.loraplus.dsl

import dev.loraplus.LoraPlus
import dev.loraplus.network.AdaptedNetwork
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork

/**
 * Attaches a new adapter to this network, which is not changed: the model of the returned handle is a network of its
 * own that shares the weights and first computes exactly what this one does.
 *
 * A learns by each layer's own updater, unless `optimizer { }` says otherwise, and B at lambda times that rate
 * (arXiv 2402.12354 §4). What is null or not said has the default of [dev.loraplus.LoraConfig.Builder].
 *
 * @sample dev.loraplus.dsl.samples.multiLayerNetwork
 * @param rank the inner width r: at least 1
 * @param lambda the learning rate of B divided by that of A: finite and above 0; 1 is plain LoRA
 * @param alpha the numerator of the scaling: finite and above 0
 * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing; the message lists what
 *     exists
 * @throws IllegalArgumentException if a value lies outside its range, or the network can't be adapted as said
 * @since 0.1.0
 */
public fun MultiLayerNetwork.lora(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: NetworkLoraScope.() -> Unit = {},
): AdaptedNetwork<MultiLayerNetwork> {
    val scope = NetworkLoraScope(rank, lambda, alpha).apply(block)
    return LoraPlus.attach(this, scope.config(), scope.settings.options())
}

/**
 * Attaches a new adapter to this graph of layers as to a [MultiLayerNetwork]; the graph is not changed.
 *
 * @sample dev.loraplus.dsl.samples.computationGraph
 * @param rank the inner width r: at least 1
 * @param lambda the learning rate of B divided by that of A: finite and above 0; 1 is plain LoRA
 * @param alpha the numerator of the scaling: finite and above 0
 * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing; the message lists what
 *     exists
 * @throws IllegalArgumentException if a value lies outside its range, or the graph can't be adapted as said
 * @since 0.1.0
 */
public fun ComputationGraph.lora(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: NetworkLoraScope.() -> Unit = {},
): AdaptedNetwork<ComputationGraph> {
    val scope = NetworkLoraScope(rank, lambda, alpha).apply(block)
    return LoraPlus.attach(this, scope.config(), scope.settings.options())
}
