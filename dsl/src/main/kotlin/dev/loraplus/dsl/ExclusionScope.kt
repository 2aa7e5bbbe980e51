package dev.loraplus.dsl

import dev.loraplus.Targets
import org.deeplearning4j.nn.conf.layers.Layer

/**
 * Describes the weights that `exclude { }` takes out of the targets. All that is named adds up. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public open class ExclusionScope internal constructor() {
    internal val exclusions = mutableListOf<Targets>()

    /**
     * Takes out the weights whose whole name fits one of [globs]: `*` stands for any text, `?` for one character.
     *
     * @sample dev.loraplus.dsl.samples.allButSome
     * @throws IllegalArgumentException if no glob is given or one is blank
     */
    public fun glob(vararg globs: String): Unit = take(Targets.glob(*globs))

    /**
     * Takes out the weights whose whole name fits a regular expression.
     *
     * @sample dev.loraplus.dsl.samples.allButSome
     * @throws IllegalArgumentException if the expression is blank or malformed
     */
    public fun regex(regex: String): Unit = take(Targets.regex(regex))

    /**
     * Takes out every matrix that a matrix multiplication takes.
     *
     * @sample dev.loraplus.dsl.samples.embeddingsAlone
     */
    public fun allLinear(): Unit = take(Targets.allLinear())

    internal fun take(selection: Targets) {
        exclusions += selection
    }
}

/**
 * Describes the weights of a network's layers that `exclude { }` takes out of the targets. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class LayerExclusionScope internal constructor() : ExclusionScope() {
    /**
     * Takes out the weights of the layers at these positions; in a ComputationGraph in topological order.
     *
     * @sample dev.loraplus.dsl.samples.layersLeftOut
     * @throws IllegalArgumentException if no index is given or one is negative
     */
    public fun index(vararg indices: Int): Unit = take(Targets.index(*indices))

    /**
     * Takes out the weights of the layers whose configuration is an [L] or wraps one.
     *
     * @sample dev.loraplus.dsl.samples.layersLeftOut
     */
    public inline fun <reified L : Layer> byType(): Unit = byType(L::class.java)

    /**
     * Takes out the weights of the layers whose configuration is of one of these classes or wraps one.
     *
     * @sample dev.loraplus.dsl.samples.layersLeftOut
     * @throws IllegalArgumentException if no class is given
     */
    public fun byType(vararg types: Class<out Layer>): Unit = take(Targets.layerClass(*types))
}
