@file:JvmName("AdapterLoading")

package dev.loraplus.dsl

import dev.loraplus.LoraConfig
import dev.loraplus.network.AdaptedNetwork
import dev.loraplus.network.Storage
import dev.loraplus.samediff.AdaptedGraph
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration
import org.nd4j.autodiff.samediff.SameDiff
import java.nio.file.Path

/**
 * Attaches a saved adapter to this graph, in place.
 *
 * @sample dev.loraplus.dsl.samples.loadOntoGraph
 * @param folder what `save` wrote, or PEFT
 * @param anyBase whether to load it even if it was trained on another base
 * @throws java.io.IOException if the folder can't be read, does not fit the graph, or was trained on another base
 * @since 0.1.0
 */
public fun SameDiff.adapter(
    folder: Path,
    anyBase: Boolean = false,
    block: AdapterScope.() -> Unit = {},
): AdaptedGraph {
    val scope = AdapterScope().apply(block)
    return AdaptedGraph.load(this, folder, anyBase, scope::change)
}

/**
 * Attaches a saved adapter to this network, which is not changed.
 *
 * @sample dev.loraplus.dsl.samples.loadOntoNetwork
 * @param folder what `save` wrote, or PEFT
 * @param anyBase whether to load it even if it was trained on another base
 * @throws java.io.IOException if the folder can't be read, does not fit the network, or was trained on another base
 * @throws IllegalArgumentException if the network can't be adapted as the file says
 * @since 0.1.0
 */
public fun MultiLayerNetwork.adapter(
    folder: Path,
    anyBase: Boolean = false,
    block: NetworkAdapterScope.() -> Unit = {},
): AdaptedNetwork<MultiLayerNetwork> {
    val scope = NetworkAdapterScope().apply(block)
    return AdaptedNetwork.load(this, folder, anyBase, scope::change, scope.settings.options())
}

/**
 * Attaches a saved adapter to this graph of layers, which is not changed.
 *
 * @sample dev.loraplus.dsl.samples.loadOntoGraphOfLayers
 * @param folder what `save` wrote, or PEFT
 * @param anyBase whether to load it even if it was trained on another base
 * @throws java.io.IOException if the folder can't be read, does not fit the graph, or was trained on another base
 * @throws IllegalArgumentException if the graph can't be adapted as the file says
 * @since 0.1.0
 */
public fun ComputationGraph.adapter(
    folder: Path,
    anyBase: Boolean = false,
    block: NetworkAdapterScope.() -> Unit = {},
): AdaptedNetwork<ComputationGraph> {
    val scope = NetworkAdapterScope().apply(block)
    return AdaptedNetwork.load(this, folder, anyBase, scope::change, scope.settings.options())
}

/**
 * Collects with what a loaded adapter is to be trained on; all that its file fixes can't be said here. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public open class AdapterScope internal constructor() {
    /** The learning rate of B divided by that of A, which PEFT's files do not hold: finite and above 0. */
    public var lambda: Number? = null

    /** The absolute learning rate of the modules to save: finite and above 0. */
    public var headRate: Number? = null

    /** The probability with which an input of the branch is zeroed in training: in `[0, 1)`. */
    public var dropout: Number? = null

    /** The absolute learning rate of the factors of embeddings: finite and above 0. */
    public var embeddingRate: Number? = null

    /** The seed of dropout masks. */
    public var seed: Long? = null

    private val lambdas = mutableListOf<Pair<String, Double>>()

    /**
     * Gives the modules that fit a pattern a lambda of their own, as [LoraScope.pattern].
     *
     * @sample dev.loraplus.dsl.samples.loadOntoGraph
     */
    public fun pattern(
        pattern: String,
        lambda: Number,
    ) {
        lambdas += pattern to lambda.toDouble()
    }

    internal fun change(builder: LoraConfig.Builder): LoraConfig.Builder {
        lambda?.let { builder.lambda(it.toDouble()) }
        headRate?.let { builder.headRate(it.toDouble()) }
        dropout?.let { builder.dropout(it.toDouble()) }
        embeddingRate?.let { builder.embeddingRate(it.toDouble()) }
        lambdas.forEach { (pattern, lambda) -> builder.lambdaPattern(pattern, lambda) }
        seed?.let(builder::seed)
        return builder
    }
}

/**
 * Collects with what an adapter loaded onto a network is to be trained on. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkAdapterScope internal constructor() : AdapterScope() {
    internal val settings = NetworkSettings()

    /** Where the frozen base weights are kept. */
    public var storage: Storage? by settings::storage

    /**
     * Gives every layer an updater, a weight decay and a bound of its gradient for further training.
     *
     * @sample dev.loraplus.dsl.samples.loadOntoNetwork
     */
    public fun optimizer(block: NetworkOptimizerScope.() -> Unit): Unit = settings.optimizer(block)

    /**
     * Changes whatever else DL4J's fine-tuning can change in every layer for further training.
     *
     * @sample dev.loraplus.dsl.samples.loadOntoGraphOfLayers
     * @throws IllegalArgumentException if it sets what `optimizer { }` has set
     */
    public fun fineTune(block: @LoraDsl FineTuneConfiguration.Builder.() -> Unit): Unit = settings.fineTune(block)
}
