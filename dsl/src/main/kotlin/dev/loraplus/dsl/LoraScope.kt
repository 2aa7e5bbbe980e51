package dev.loraplus.dsl

import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.Targets

/**
 * Collects what `lora { }` says about an adapter.
 *
 * What is not said, a property that stays null included, has the default of [LoraConfig.Builder]; values are checked
 * there too, when the block has ended. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class LoraScope internal constructor(
    private val rank: Int?,
    private val lambda: Number?,
    private val alpha: Number?,
) {
    /** The probability with which an input of the branch is zeroed in training: in `[0, 1)`. */
    public var dropout: Number? = null

    /** The absolute learning rate of the modules to save: finite and above 0. */
    public var headRate: Number? = null

    /** Which factor starts at random; the other one starts at zero. */
    public var initialization: Initialization? = null

    /** The seed of start values and dropout masks. */
    public var seed: Long? = null

    private var selected: Targets? = null
    private var excluded: Targets? = null
    private val saved = mutableListOf<String>()

    /**
     * Gives factors to the weights named, by whole name or by its last parts, as [Targets.named]. Calls add up.
     *
     * ```kotlin
     * graph.lora { targets("query", "value") }
     * ```
     *
     * @throws IllegalArgumentException if no name is given or one is blank
     */
    public fun targets(vararg names: String): Unit = targets(Targets.named(*names))

    /**
     * Gives factors to the weights selected. Calls add up.
     *
     * ```kotlin
     * graph.lora { targets(Targets.regex(".*layer\\.[0-5]\\..*query")) }
     * ```
     */
    public fun targets(selection: Targets) {
        selected = selected?.and(selection) ?: selection
    }

    /**
     * Takes the weights named out of the targets, whatever else selects them. Calls add up.
     *
     * @throws IllegalArgumentException if no name is given or one is blank
     */
    public fun exclude(vararg names: String): Unit = exclude(Targets.named(*names))

    /** Takes the weights selected out of the targets, whatever else selects them. Calls add up. */
    public fun exclude(selection: Targets) {
        excluded = excluded?.and(selection) ?: selection
    }

    /** Trains the modules or variables named fully, by name or by its last parts. Calls add up. */
    public fun modulesToSave(vararg names: String) {
        saved += names
    }

    internal fun build(): LoraConfig {
        val builder = LoraConfig.builder()
        rank?.let(builder::rank)
        lambda?.let { builder.lambda(it.toDouble()) }
        alpha?.let { builder.alpha(it.toDouble()) }
        dropout?.let { builder.dropout(it.toDouble()) }
        headRate?.let { builder.headRate(it.toDouble()) }
        initialization?.let(builder::initialization)
        seed?.let(builder::seed)
        chosen()?.let { builder.targets(it) }
        return builder.modulesToSave(*saved.toTypedArray()).build()
    }

    private fun chosen(): Targets? {
        val exclusion = excluded ?: return selected
        return (selected ?: LoraConfig.builder().build().targets()).exclude(exclusion)
    }
}
