package dev.loraplus.dsl

import dev.loraplus.LoraConfig
import dev.loraplus.Targets
import org.deeplearning4j.nn.conf.layers.Layer

/**
 * Says which weights get factors and what is trained fully. All that is named adds up, in any order; exclusions win.
 *
 * Without anything to select, the weights are those of [LoraConfig.Builder]'s default, less the exclusions. Not
 * thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public sealed class TargetsScope<E : ExclusionScope>(
    private val exclusion: () -> E,
) {
    private var selected: Targets? = null
    private var excluded: Targets? = null
    private var onlySaved = false
    private val saved = mutableListOf<String>()
    private val layers = mutableListOf<Int>()
    private val layersPatterns = mutableListOf<String>()

    /**
     * Selects the weights named, by whole name or by its last parts, as [Targets.named].
     *
     * @sample dev.loraplus.dsl.samples.targetsByName
     * @throws IllegalArgumentException if no name is given or one is blank
     */
    public fun include(vararg names: String): Unit = select(Targets.named(*names))

    /**
     * Selects the weights whose whole name fits one of [globs]: `*` stands for any text, `?` for one character.
     *
     * @sample dev.loraplus.dsl.samples.targetsByPattern
     * @throws IllegalArgumentException if no glob is given or one is blank
     */
    public fun glob(vararg globs: String): Unit = select(Targets.glob(*globs))

    /**
     * Selects the weights whose whole name fits a regular expression.
     *
     * @sample dev.loraplus.dsl.samples.targetsByPattern
     * @throws IllegalArgumentException if the expression is blank or malformed
     */
    public fun regex(regex: String): Unit = select(Targets.regex(regex))

    /**
     * Selects every matrix that a matrix multiplication takes.
     *
     * @sample dev.loraplus.dsl.samples.allButSome
     */
    public fun allLinear(): Unit = select(Targets.allLinear())

    /**
     * Selects no weight: nothing but the modules to save is trained.
     *
     * @sample dev.loraplus.dsl.samples.headAlone
     */
    public fun none() {
        onlySaved = true
    }

    /**
     * Takes the weights named out of the targets, whatever selects them.
     *
     * @sample dev.loraplus.dsl.samples.allButSome
     * @throws IllegalArgumentException if no name is given or one is blank
     */
    public fun exclude(vararg names: String): Unit = take(Targets.named(*names))

    /**
     * Takes what the block describes out of the targets, whatever selects it.
     *
     * @sample dev.loraplus.dsl.samples.allButSome
     */
    public fun exclude(block: E.() -> Unit): Unit = exclusion().apply(block).exclusions.forEach(::take)

    /**
     * Trains the modules or variables named fully, by whole name or by its last parts.
     *
     * @sample dev.loraplus.dsl.samples.targetsByName
     */
    public fun modulesToSave(vararg names: String) {
        saved += names
    }

    /**
     * Keeps of all targets those in layers with these numbers, at least 0 each. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.layersToTransform
     */
    public fun layersToTransform(vararg indices: Int) {
        layers += indices.toList()
    }

    /**
     * Says what stands before the number of a layer, as regular expressions; without it, anything. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.layersToTransform
     */
    public fun layersPattern(vararg patterns: String) {
        layersPatterns += patterns
    }

    internal fun select(selection: Targets) {
        selected = selected?.and(selection) ?: selection
    }

    internal fun applyTo(builder: LoraConfig.Builder) {
        require(!onlySaved || (selected ?: excluded) == null) {
            "none() gives factors to no weight, got inclusions or exclusions beside it: drop one of them."
        }
        if (onlySaved) builder.targets(Targets.none())
        chosen()?.let { builder.targets(it) }
        if (layers.isNotEmpty()) builder.layersToTransform(*layers.toIntArray())
        if (layersPatterns.isNotEmpty()) builder.layersPattern(*layersPatterns.toTypedArray())
        if (saved.isNotEmpty()) builder.modulesToSave(*saved.toTypedArray())
    }

    private fun take(selection: Targets) {
        excluded = excluded?.and(selection) ?: selection
    }

    private fun chosen(): Targets? {
        val exclusion = excluded ?: return selected
        return (selected ?: LoraConfig.builder().build().targets()).exclude(exclusion)
    }
}

/**
 * Says which variables of a SameDiff graph get factors. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class GraphTargetsScope internal constructor() : TargetsScope<ExclusionScope>(::ExclusionScope)

/**
 * Says which weights of a network's layers get factors. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkTargetsScope internal constructor() : TargetsScope<LayerExclusionScope>(::LayerExclusionScope) {
    /**
     * Selects the weights of the layers at these positions; in a ComputationGraph in topological order.
     *
     * @sample dev.loraplus.dsl.samples.targetsByLayer
     * @throws IllegalArgumentException if no index is given or one is negative
     */
    public fun index(vararg indices: Int): Unit = select(Targets.index(*indices))

    /**
     * Selects the weights of the layers whose configuration is an [L] or wraps one.
     *
     * @sample dev.loraplus.dsl.samples.targetsByLayer
     */
    public inline fun <reified L : Layer> byType(): Unit = byType(L::class.java)

    /**
     * Selects the weights of the layers whose configuration is of one of these classes or wraps one.
     *
     * @sample dev.loraplus.dsl.samples.targetsByLayer
     * @throws IllegalArgumentException if no class is given
     */
    public fun byType(vararg types: Class<out Layer>): Unit = select(Targets.layerClass(*types))
}
