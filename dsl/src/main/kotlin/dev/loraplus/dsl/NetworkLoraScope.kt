package dev.loraplus.dsl

import dev.loraplus.network.NetworkOptions
import dev.loraplus.network.Storage
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration

/**
 * Collects what `lora { }` says about the adapter of a MultiLayerNetwork or ComputationGraph. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkLoraScope internal constructor(
    rank: Int?,
    lambda: Number?,
    alpha: Number?,
) : LoraScope<NetworkTargetsScope>(rank, lambda, alpha, NetworkTargetsScope()) {
    internal val settings = NetworkSettings()

    /** Where the frozen base weights are kept. */
    public var storage: Storage? by settings::storage

    /**
     * Gives every layer an updater, a weight decay and a bound of its gradient for the training of the adapter. Without
     * it, they are those that the base was trained with.
     *
     * @sample dev.loraplus.dsl.samples.networkOptimizer
     */
    public fun optimizer(block: NetworkOptimizerScope.() -> Unit): Unit = settings.optimizer(block)

    /**
     * Changes whatever else DL4J's fine-tuning can change in every layer for the training of the adapter.
     *
     * @sample dev.loraplus.dsl.samples.fineTune
     * @throws IllegalArgumentException if it sets what `optimizer { }` has set
     */
    public fun fineTune(block: @LoraDsl FineTuneConfiguration.Builder.() -> Unit): Unit = settings.fineTune(block)
}

/** What is said about a network besides the adapter. */
internal class NetworkSettings {
    var storage: Storage? = null
    private val optimizer = NetworkOptimizerScope()
    private val fineTune = mutableListOf<FineTuneConfiguration.Builder.() -> Unit>()

    fun optimizer(block: NetworkOptimizerScope.() -> Unit) {
        optimizer.block()
    }

    fun fineTune(block: FineTuneConfiguration.Builder.() -> Unit) {
        fineTune += block
    }

    fun options(): NetworkOptions {
        var options = NetworkOptions.defaults()
        storage?.let { options = options.withStorage(it) }
        val settings = optimizer.settings()
        if (settings.isEmpty() && fineTune.isEmpty()) return options
        requireApart(settings.keys)
        val builder = FineTuneConfiguration.Builder()
        settings.values.forEach { builder.it() }
        fineTune.forEach { builder.it() }
        return options.withFineTune(builder.build())
    }

    private fun requireApart(said: Set<String>) {
        val alone = FineTuneConfiguration.Builder().apply { fineTune.forEach { it() } }.build()
        val again =
            said.filter {
                when (it) {
                    "updater" -> alone.updater != null
                    "weightDecay" -> !alone.regularization.isNullOrEmpty()
                    else -> alone.gradientNormalization != null
                }
            }
        require(again.isEmpty()) { "fineTune { } sets $again again, which optimizer { } has set: say it once." }
    }
}
