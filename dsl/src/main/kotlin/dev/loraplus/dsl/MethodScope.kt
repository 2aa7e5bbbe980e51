package dev.loraplus.dsl

import dev.loraplus.optim.AdamW
import dev.loraplus.optim.Optimizer
import dev.loraplus.optim.Optimizers
import dev.loraplus.samediff.training.LoraTrainerBuilder

/**
 * Chooses one of PyTorch's methods, or one of your own, to train the adapter of a SameDiff graph. Each takes eta, the
 * peak learning rate of A; what else is null has PyTorch's default. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public sealed class MethodScope {
    private var eta: Number? = null
    private var method: Optimizer? = null

    /**
     * Takes AdamW, with decoupled weight decay.
     *
     * @sample dev.loraplus.dsl.samples.graphOptimizer
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun adamW(
        eta: Number,
        beta1: Number? = null,
        beta2: Number? = null,
        epsilon: Number? = null,
    ): Unit = method(eta, Optimizers.adamW(constants(beta1, beta2, epsilon)))

    /**
     * Takes Adam, with weight decay that is added to the gradient.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun adam(
        eta: Number,
        beta1: Number? = null,
        beta2: Number? = null,
        epsilon: Number? = null,
    ): Unit = method(eta, Optimizers.adam(constants(beta1, beta2, epsilon)))

    /**
     * Takes Adam with the largest v so far in place of v.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun amsGrad(
        eta: Number,
        beta1: Number? = null,
        beta2: Number? = null,
        epsilon: Number? = null,
    ): Unit = method(eta, Optimizers.amsGrad(constants(beta1, beta2, epsilon)))

    /**
     * Takes NAdam with its defaults.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @throws IllegalArgumentException if a method has been chosen before
     */
    public fun nadam(eta: Number): Unit = method(eta, Optimizers.nadam())

    /**
     * Takes NAdam.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @param momentumDecay how fast the momentum approaches beta1
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun nadam(
        eta: Number,
        momentumDecay: Number,
        beta1: Number? = null,
        beta2: Number? = null,
        epsilon: Number? = null,
    ): Unit = method(eta, Optimizers.nadam(constants(beta1, beta2, epsilon), momentumDecay.toDouble()))

    /**
     * Takes stochastic gradient descent.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @param momentum how much of the last step is kept: in `[0, 1)`; 0 keeps nothing
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun sgd(
        eta: Number,
        momentum: Number,
    ): Unit = method(eta, Optimizers.sgd(momentum.toDouble()))

    /**
     * Takes stochastic gradient descent with Nesterov's momentum.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @param momentum how much of the last step is kept: in `(0, 1)`
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun nesterov(
        eta: Number,
        momentum: Number,
    ): Unit = method(eta, Optimizers.nesterov(momentum.toDouble()))

    /**
     * Takes RMSprop with its defaults.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @throws IllegalArgumentException if a method has been chosen before
     */
    public fun rmsProp(eta: Number): Unit = method(eta, Optimizers.rmsProp())

    /**
     * Takes RMSprop.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @param alpha how much of the mean of squares is kept: in `[0, 1)`
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun rmsProp(
        eta: Number,
        alpha: Number,
        epsilon: Number,
    ): Unit = method(eta, Optimizers.rmsProp(alpha.toDouble(), epsilon.toDouble()))

    /**
     * Takes Adagrad.
     *
     * @sample dev.loraplus.dsl.samples.methods
     * @throws IllegalArgumentException if a value lies outside its range or a method has been chosen before
     */
    public fun adaGrad(
        eta: Number,
        epsilon: Number? = null,
    ): Unit = method(eta, epsilon?.let { Optimizers.adaGrad(it.toDouble()) } ?: Optimizers.adaGrad())

    /**
     * Takes a method of your own.
     *
     * @sample dev.loraplus.dsl.samples.ownMethod
     * @throws IllegalArgumentException if a method has been chosen before
     */
    public fun method(
        eta: Number,
        optimizer: Optimizer,
    ) {
        val first = method
        require(first == null) {
            "There is one optimizer, got ${first?.name()} and ${optimizer.name()}: drop one of them."
        }
        this.eta = eta
        method = optimizer
    }

    internal fun applyMethodTo(builder: LoraTrainerBuilder) {
        eta?.let { builder.eta(it.toDouble()) }
        method?.let(builder::optimizer)
    }

    private fun constants(
        beta1: Number?,
        beta2: Number?,
        epsilon: Number?,
    ): AdamW.Config {
        val default = AdamW.Config.DEFAULT
        return AdamW.Config(
            beta1?.toDouble() ?: default.beta1,
            beta2?.toDouble() ?: default.beta2,
            epsilon?.toDouble() ?: default.epsilon,
        )
    }
}
