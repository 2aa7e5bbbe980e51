package dev.loraplus.dsl

import dev.loraplus.Bias
import dev.loraplus.Initialization
import dev.loraplus.LoraConfig

/**
 * Collects what `lora { }` says about an adapter.
 *
 * What is not said, a property that stays null included, has the default of [LoraConfig.Builder]; values are checked
 * there too, when the block has ended. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public sealed class LoraScope<T : TargetsScope<*>>(
    private val rank: Int?,
    private val lambda: Number?,
    private val alpha: Number?,
    private val selection: T,
) {
    /** The probability with which an input of the branch is zeroed in training: in `[0, 1)`. */
    public var dropout: Number? = null

    /** The absolute learning rate of the modules to save: finite and above 0. */
    public var headRate: Number? = null

    /** The absolute learning rate of the factors of embeddings: finite and above 0. */
    public var embeddingRate: Number? = null

    /** How the factors start. */
    public var initialization: Initialization? = null

    /** Whether the scaling is alpha / √rank (arXiv 2312.03732). */
    public var rsLora: Boolean? = null

    /** Whether magnitude and direction of a weight are trained apart (arXiv 2402.09353). */
    public var dora: Boolean? = null

    /** Which biases of the base are trained beside the factors. */
    public var bias: Bias? = null

    /** Whether B has a trained bias, which starts at zero. */
    public var loraBias: Boolean? = null

    /** The seed of start values and dropout masks. */
    public var seed: Long? = null

    private val patterns = mutableListOf<LoraConfig.Builder.() -> Unit>()

    /**
     * Gives the modules that fit a pattern numbers of their own: a regular expression for a module path or its trailing
     * part after a dot. For each number the first pattern that fits a module wins.
     *
     * @sample dev.loraplus.dsl.samples.patterns
     * @throws IllegalArgumentException if no number is given, or, when the block has ended, if the pattern is malformed
     */
    public fun pattern(
        pattern: String,
        rank: Int? = null,
        lambda: Number? = null,
        alpha: Number? = null,
    ) {
        require(rank != null || lambda != null || alpha != null) {
            "pattern '$pattern' gives no number; set its rank, lambda or alpha."
        }
        patterns += {
            rank?.let { rankPattern(pattern, it) }
            lambda?.let { lambdaPattern(pattern, it.toDouble()) }
            alpha?.let { alphaPattern(pattern, it.toDouble()) }
        }
    }

    /**
     * Says which weights get factors and what is trained fully. Calls add up.
     *
     * @sample dev.loraplus.dsl.samples.targetsByName
     */
    public fun targets(block: T.() -> Unit) {
        selection.block()
    }

    internal fun config(): LoraConfig {
        val builder = LoraConfig.builder()
        rank?.let(builder::rank)
        lambda?.let { builder.lambda(it.toDouble()) }
        alpha?.let { builder.alpha(it.toDouble()) }
        dropout?.let { builder.dropout(it.toDouble()) }
        headRate?.let { builder.headRate(it.toDouble()) }
        embeddingRate?.let { builder.embeddingRate(it.toDouble()) }
        initialization?.let(builder::initialization)
        rsLora?.let(builder::rsLora)
        dora?.let(builder::dora)
        bias?.let(builder::bias)
        loraBias?.let(builder::loraBias)
        patterns.forEach { builder.it() }
        seed?.let(builder::seed)
        selection.applyTo(builder)
        return builder.build()
    }
}

/**
 * Collects what `lora { }` says about the adapter of a SameDiff graph. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class GraphLoraScope internal constructor(
    rank: Int?,
    lambda: Number?,
    alpha: Number?,
) : LoraScope<GraphTargetsScope>(rank, lambda, alpha, GraphTargetsScope())
