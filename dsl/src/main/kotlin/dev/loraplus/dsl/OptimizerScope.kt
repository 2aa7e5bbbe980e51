package dev.loraplus.dsl

import dev.loraplus.optim.Grouping
import dev.loraplus.optim.Schedule
import dev.loraplus.samediff.training.LoraTrainerBuilder

/**
 * Says how gradients of a SameDiff graph change A and B: the method with the rate of A, decay, schedule and clipping.
 * B learns at lambda times the rate of A. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class OptimizerScope internal constructor() : MethodScope() {
    /** The decoupled weight decay, applied at each parameter's own rate: finite and at least 0. */
    public var weightDecay: Number? = null

    /** The largest norm of all gradients together; above it they are scaled down. */
    public var clip: Number? = null

    /** Which parameters learn at lambda times the rate of A. */
    public var grouping: Grouping? = null

    private var schedule: Schedule? = null
    private val scheduled = ScheduleScope()
    private var isScheduled = false

    /**
     * Lets all learning rates rise and fall while training lasts.
     *
     * @sample dev.loraplus.dsl.samples.schedules
     */
    public fun schedule(block: ScheduleScope.() -> Unit) {
        isScheduled = true
        scheduled.block()
    }

    /**
     * Multiplies all learning rates by a factor of your own making.
     *
     * @sample dev.loraplus.dsl.samples.ownSchedule
     */
    public fun schedule(schedule: Schedule) {
        this.schedule = schedule
    }

    internal fun applyTo(builder: LoraTrainerBuilder) {
        require(schedule == null || !isScheduled) {
            "There is one schedule, got a block and an object: drop one of them."
        }
        applyMethodTo(builder)
        weightDecay?.let { builder.weightDecay(it.toDouble()) }
        clip?.let { builder.maxGradientNorm(it.toDouble()) }
        grouping?.let(builder::grouping)
        schedule?.let(builder::schedule)
        if (isScheduled) builder.schedule(scheduled.schedule())
    }
}
