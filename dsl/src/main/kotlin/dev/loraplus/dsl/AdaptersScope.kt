@file:JvmName("Adapters")

package dev.loraplus.dsl

import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.NamedAdapters
import org.nd4j.autodiff.samediff.SameDiff
import java.nio.file.Path

/**
 * Keeps several adapters of this graph by name; the one named last is in the graph, unless the block activates others.
 *
 * @sample dev.loraplus.dsl.samples.namedAdapters
 * @return the handle, to activate, train, combine and save them with
 * @throws java.io.IOException if a folder can't be read, does not fit the graph, or was trained on another base; the
 *     graph is then the plain one again, as after whatever else the block throws
 * @since 0.1.0
 */
public fun SameDiff.adapters(block: AdaptersScope.() -> Unit): NamedAdapters {
    val adapters = NamedAdapters.on(this)
    var complete = false
    try {
        AdaptersScope(adapters).block()
        complete = true
    } finally {
        if (!complete) adapters.activate()
    }
    return adapters
}

/**
 * Names the adapters of a SameDiff graph; each line is done at once. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class AdaptersScope internal constructor(
    private val adapters: NamedAdapters,
) : AdapterSetScope(adapters) {
    /**
     * Loads a saved adapter, and activates it alone.
     *
     * @sample dev.loraplus.dsl.samples.namedAdapters
     * @param folder what `save` wrote, or PEFT
     * @throws java.io.IOException if the folder can't be read, does not fit the graph, or was trained on another base
     * @throws IllegalArgumentException if the name is in use or no name of a folder
     */
    public fun adapter(
        name: String,
        folder: Path,
    ): AdaptedGraph = adapters.load(name, folder)

    /**
     * Makes a new adapter, and activates it alone.
     *
     * @sample dev.loraplus.dsl.samples.namedAdapters
     * @throws IllegalArgumentException if the name is in use or no name of a folder, or a value lies outside its range
     */
    public fun adapter(
        name: String,
        rank: Int? = null,
        lambda: Number? = null,
        alpha: Number? = null,
        block: GraphLoraScope.() -> Unit = {},
    ): AdaptedGraph = adapters.add(name, GraphLoraScope(rank, lambda, alpha).apply(block).config())
}
