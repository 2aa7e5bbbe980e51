@file:JvmName("NetworkAdapters")

package dev.loraplus.dsl

import dev.loraplus.network.AdaptedNetwork
import dev.loraplus.network.NamedNetworks
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import java.nio.file.Path

/**
 * Keeps several adapters of this network by name, each in a network of its own that shares the weights of this one, which
 * is not changed; the one named last is active, unless the block activates others.
 *
 * @sample dev.loraplus.dsl.samples.namedNetworks
 * @return the handle, to activate, train, combine and save them with; its model is the network of what is active
 * @throws java.io.IOException if a folder can't be read, does not fit the network, or was trained on another base
 * @throws IllegalArgumentException if the network can't be adapted
 * @since 0.1.0
 */
public fun MultiLayerNetwork.adapters(
    block: NetworkAdaptersScope<MultiLayerNetwork>.() -> Unit,
): NamedNetworks<MultiLayerNetwork> = NamedNetworks.on(this).also { NetworkAdaptersScope(it).block() }

/**
 * Keeps several adapters of this graph of layers by name as of a [MultiLayerNetwork]; the graph is not changed.
 *
 * @sample dev.loraplus.dsl.samples.combinedNetworks
 * @return the handle, to activate, train, combine and save them with; its model is the graph of what is active
 * @throws java.io.IOException if a folder can't be read, does not fit the graph, or was trained on another base
 * @throws IllegalArgumentException if the graph can't be adapted
 * @since 0.1.0
 */
public fun ComputationGraph.adapters(
    block: NetworkAdaptersScope<ComputationGraph>.() -> Unit,
): NamedNetworks<ComputationGraph> = NamedNetworks.on(this).also { NetworkAdaptersScope(it).block() }

/**
 * Names the adapters of a MultiLayerNetwork or ComputationGraph; each line is done at once. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkAdaptersScope<N : Any> internal constructor(
    private val adapters: NamedNetworks<N>,
) : AdapterSetScope(adapters) {
    /**
     * Loads a saved adapter, and activates it alone.
     *
     * @sample dev.loraplus.dsl.samples.namedNetworks
     * @param folder what `save` wrote, or PEFT
     * @throws java.io.IOException if the folder can't be read, does not fit the network, or was trained on another base
     * @throws IllegalArgumentException if the name is in use or no name of a folder
     */
    public fun adapter(
        name: String,
        folder: Path,
        block: NetworkAdapterScope.() -> Unit = {},
    ): AdaptedNetwork<N> {
        val scope = NetworkAdapterScope().apply(block)
        return adapters.load(name, folder, scope::change, scope.settings.options())
    }

    /**
     * Makes a new adapter, and activates it alone.
     *
     * @sample dev.loraplus.dsl.samples.namedNetworks
     * @throws IllegalArgumentException if the name is in use or no name of a folder, or a value lies outside its range
     */
    public fun adapter(
        name: String,
        rank: Int? = null,
        lambda: Number? = null,
        alpha: Number? = null,
        block: NetworkLoraScope.() -> Unit = {},
    ): AdaptedNetwork<N> {
        val scope = NetworkLoraScope(rank, lambda, alpha).apply(block)
        return adapters.add(name, scope.config(), scope.settings.options())
    }
}
