package dev.loraplus.dsl

import org.deeplearning4j.nn.conf.GradientNormalization
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration
import org.nd4j.linalg.learning.config.Adam
import org.nd4j.linalg.learning.config.IUpdater

/**
 * Says how DL4J turns gradients into changes of A and B; the rate is that of A, and B's is lambda times it. Not
 * thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public open class UpdaterScope internal constructor() {
    /** The decoupled weight decay, applied at each parameter's own rate: finite and at least 0. */
    public var weightDecay: Number? = null

    private var chosen: IUpdater? = null
    private var schedule: ScheduleScope? = null

    /**
     * Takes DL4J's Adam, which with [weightDecay] is AdamW; what is null has DL4J's default.
     *
     * @sample dev.loraplus.dsl.samples.networkOptimizer
     * @param eta the peak learning rate of A
     * @throws IllegalArgumentException if an updater has been chosen before
     */
    public fun adamW(
        eta: Number,
        beta1: Number? = null,
        beta2: Number? = null,
        epsilon: Number? = null,
    ) {
        val builder = Adam.builder().learningRate(eta.toDouble())
        beta1?.let { builder.beta1(it.toDouble()) }
        beta2?.let { builder.beta2(it.toDouble()) }
        epsilon?.let { builder.epsilon(it.toDouble()) }
        updater(builder.build())
    }

    /**
     * Takes one of DL4J's updaters, with its rate or schedule.
     *
     * @sample dev.loraplus.dsl.samples.networkUpdater
     * @throws IllegalArgumentException if an updater has been chosen before
     */
    public fun updater(updater: IUpdater) {
        require(chosen == null) { "There is one updater, got $chosen and $updater: drop one of them." }
        chosen = updater
    }

    /**
     * Lets the learning rate rise and fall while training lasts; the one of the updater is its peak.
     *
     * @sample dev.loraplus.dsl.samples.schedules
     */
    public fun schedule(block: ScheduleScope.() -> Unit) {
        schedule = (schedule ?: ScheduleScope()).apply(block)
    }

    internal fun updater(): IUpdater? {
        val scheduled = schedule ?: return chosen
        val updater =
            requireNotNull(chosen) { "schedule { } needs an updater, got none: write for example adamW(1e-3)." }
        val peak = updater.getLearningRate(0, 0)
        require(updater.hasLearningRate() && !peak.isNaN()) {
            "schedule { } needs an updater with a learning rate, got $updater."
        }
        return updater.clone().apply { setLrAndSchedule(Double.NaN, scheduled.rate(peak)) }
    }
}

/**
 * Says how DL4J trains the adapter of a network. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class NetworkOptimizerScope internal constructor() : UpdaterScope() {
    private var clipping: Pair<GradientNormalization, Double>? = null

    /**
     * Bounds gradients. DL4J does so for each layer or parameter, never for all together.
     *
     * @sample dev.loraplus.dsl.samples.networkOptimizer
     * @param how what is bounded, for example the norm of each layer's gradients
     * @param threshold the largest norm or value that is left alone
     */
    public fun clip(
        how: GradientNormalization,
        threshold: Number,
    ) {
        clipping = how to threshold.toDouble()
    }

    /** What is said, by the name of the setting. */
    internal fun settings(): Map<String, FineTuneConfiguration.Builder.() -> Unit> =
        buildMap {
            updater()?.let { put("updater") { updater(it) } }
            weightDecay?.let { put("weightDecay") { weightDecay(it.toDouble()) } }
            clipping?.let { (how, threshold) ->
                put("gradientNormalization") {
                    gradientNormalization(how)
                    gradientNormalizationThreshold(threshold)
                }
            }
        }
}
