package dev.loraplus.dsl

import dev.loraplus.AdapterSet
import java.util.OptionalInt

/**
 * Scales, activates and combines the named adapters of a model; each line is done at once. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public abstract class AdapterSetScope internal constructor(
    private val adapters: AdapterSet<*>,
) {
    /**
     * Multiplies an adapter's scaling.
     *
     * @sample dev.loraplus.dsl.samples.combinedAdapters
     */
    public fun scale(
        name: String,
        factor: Number,
    ): Unit = adapters.setScale(name, factor.toDouble())

    /**
     * Activates these adapters, in place of the others; the changes of several add up.
     *
     * @sample dev.loraplus.dsl.samples.combinedAdapters
     */
    public fun activate(vararg names: String): Unit = adapters.activate(*names)

    /**
     * Adds up the factors of adapters of one rank, each with its share.
     *
     * @sample dev.loraplus.dsl.samples.combinedAdapters
     */
    public fun linear(
        name: String,
        vararg shares: Pair<String, Number>,
    ): Unit = adapters.addLinear(name, weights(shares))

    /**
     * Puts the factors of adapters side by side, each with its share.
     *
     * @sample dev.loraplus.dsl.samples.combinedAdapters
     */
    public fun cat(
        name: String,
        vararg shares: Pair<String, Number>,
    ): Unit = adapters.addCat(name, weights(shares))

    /**
     * Takes the best approximation of a rank to what adapters change together, each with its share.
     *
     * @sample dev.loraplus.dsl.samples.combinedAdapters
     * @param rank at least 1; null is the largest of the adapters' ranks
     */
    public fun svd(
        name: String,
        vararg shares: Pair<String, Number>,
        rank: Int? = null,
    ): Unit = adapters.addSvd(name, weights(shares), rank?.let { OptionalInt.of(it) } ?: OptionalInt.empty())

    private fun weights(shares: Array<out Pair<String, Number>>): Map<String, Double> =
        shares.associate { (name, share) -> name to share.toDouble() }
}
