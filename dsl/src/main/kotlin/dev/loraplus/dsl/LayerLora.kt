@file:JvmName("AroundLayers")

package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.network.LoraLayer
import org.deeplearning4j.nn.conf.layers.Layer

/**
 * Says what low-rank factors a layer of a new network gets, to be completed by [LayerLora.around]: what it gives is a
 * layer for DL4J's own builders.
 *
 * What is null or not said has the default of [LoraConfig.Builder].
 *
 * @sample dev.loraplus.dsl.samples.aroundLayers
 * @param rank the inner width r: at least 1
 * @param lambda the learning rate of B divided by that of A: finite and above 0; 1 is plain LoRA
 * @param alpha the numerator of the scaling: finite and above 0
 * @since 0.1.0
 */
public fun lora(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: LayerLoraScope.() -> Unit = {},
): LayerLora = LayerLora(rank, lambda, alpha, LayerLoraScope().apply(block))

/**
 * Wraps layers of new networks in low-rank factors; each gets factors of its own. Immutable.
 *
 * @since 0.1.0
 */
public class LayerLora internal constructor(
    private val rank: Int?,
    private val lambda: Number?,
    private val alpha: Number?,
    private val scope: LayerLoraScope,
) {
    /**
     * Wraps a layer. Its base weights are drawn at `init()` as without the factors, and are then frozen.
     *
     * @sample dev.loraplus.dsl.samples.aroundLayers
     * @throws IllegalArgumentException if a value lies outside its range
     */
    public infix fun around(layer: Layer): LoraLayer {
        val builder = LoraLayer.Builder(layer)
        rank?.let(builder::rank)
        lambda?.let { builder.lambda(it.toDouble()) }
        alpha?.let { builder.alpha(it.toDouble()) }
        scope.applyTo(builder)
        return builder.build()
    }

    /**
     * Builds and wraps a layer. Its base weights are drawn at `init()` as without the factors, and are then frozen.
     *
     * @sample dev.loraplus.dsl.samples.aroundLayers
     * @throws IllegalArgumentException if a value lies outside its range
     */
    public infix fun around(layer: Layer.Builder<*>): LoraLayer = around(layer.build<Layer>())
}

/**
 * Collects what `lora { } around ..` says about the factors of a layer. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class LayerLoraScope internal constructor() {
    /** The probability with which an input of the branch is zeroed in training: in `[0, 1)`. */
    public var dropout: Number? = null

    /** How the factors start. */
    public var initialization: Initialization? = null

    /** The seed of the factors' start values; that of the base is the network's. */
    public var seed: Long? = null

    private var keys: Array<out String>? = null

    /**
     * Names the weights that get factors by their keys in the layer, such as `W`; default all that a matrix
     * multiplication takes.
     *
     * @sample dev.loraplus.dsl.samples.recurrentWeightsOnly
     */
    public fun weights(vararg keys: String) {
        this.keys = keys
    }

    internal fun applyTo(builder: LoraLayer.Builder) {
        dropout?.let { builder.dropout(it.toDouble()) }
        initialization?.let(builder::initialization)
        seed?.let(builder::seed)
        keys?.let { builder.weights(*it) }
    }
}
