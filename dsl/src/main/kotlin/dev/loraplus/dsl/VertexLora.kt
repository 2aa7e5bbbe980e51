@file:JvmName("VertexLora")

package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.network.LoraPlusVertex
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder

/**
 * Adds a trained low-rank branch between two activations of a graph: out = [to] + (alpha / rank) · ([from] · A) · B.
 *
 * What is null or not said has the default of [LoraPlusVertex.Builder]; the updater has none.
 *
 * @sample dev.loraplus.dsl.samples.vertex
 * @param name the name of the vertex
 * @param from the input of the branch, `[b, nIn]` or `[b, nIn, t]`
 * @param to what the branch is added to, `[b, nOut]` or `[b, nOut, t]`
 * @param rank the inner width r: at least 1
 * @param lambda the learning rate of B divided by that of A: finite and above 0; 1 is plain LoRA
 * @param alpha the numerator of the scaling: finite and above 0
 * @return this builder
 * @throws IllegalArgumentException if a value lies outside its range or there is no updater
 * @since 0.1.0
 */
public fun GraphBuilder.loraPlusVertex(
    name: String,
    from: String,
    to: String,
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: VertexScope.() -> Unit,
): GraphBuilder {
    val builder = LoraPlusVertex.Builder().name(name)
    rank?.let(builder::rank)
    lambda?.let { builder.lambda(it.toDouble()) }
    alpha?.let { builder.alpha(it.toDouble()) }
    VertexScope().apply(block).applyTo(builder)
    return addVertex(name, builder.build(), from, to)
}

/**
 * Collects what `loraPlusVertex { }` says about its branch. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class VertexScope internal constructor() {
    /** The width of the branch's input: at least 1; what the graph's input types say where it is not set. */
    public var nIn: Long? = null

    /** The width of the output: at least 1; what the graph's input types say where it is not set. */
    public var nOut: Long? = null

    /** Which factor starts at random; the other one starts at zero. */
    public var initialization: Initialization? = null

    /** The seed that, with the vertex's name, decides the start values. */
    public var seed: Long? = null

    private val optimizer = UpdaterScope()

    /**
     * Gives the vertex its updater, which it does not inherit from the graph.
     *
     * @sample dev.loraplus.dsl.samples.vertex
     */
    public fun optimizer(block: UpdaterScope.() -> Unit) {
        optimizer.block()
    }

    internal fun applyTo(builder: LoraPlusVertex.Builder) {
        nIn?.let(builder::nIn)
        nOut?.let(builder::nOut)
        initialization?.let(builder::initialization)
        seed?.let(builder::seed)
        optimizer.updater()?.let(builder::updater)
        optimizer.weightDecay?.let { builder.weightDecay(it.toDouble()) }
    }
}
