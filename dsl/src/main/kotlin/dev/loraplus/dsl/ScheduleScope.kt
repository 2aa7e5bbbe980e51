package dev.loraplus.dsl

import dev.loraplus.optim.PeakRate
import dev.loraplus.optim.Schedule

/**
 * Says how all learning rates change while training lasts, as a factor in `[0, 1]` of their peaks: constant after the
 * warm-up, unless one of the functions says otherwise. Not thread-safe.
 *
 * @since 0.1.0
 */
@LoraDsl
public class ScheduleScope internal constructor() {
    private class Fall(
        val name: String,
        val total: Int?,
        val schedule: (Long) -> Schedule,
        val rate: (Double, Long) -> PeakRate,
    )

    /** The number of first steps in which the rates rise: at least 0, and below the number of all steps. */
    public var warmUp: Int? = null

    /** The share of all steps in which the rates rise: in `[0, 1)`. */
    public var warmUpShare: Number? = null

    private var fall = Fall("constant", null, Schedule::constant, PeakRate::constant)

    /**
     * Lets the rates fall in a line to 0, at step [steps], the warm-up counted.
     *
     * @sample dev.loraplus.dsl.samples.schedules
     */
    public fun linear(steps: Int): Unit =
        falls(
            Fall("linear", steps, { Schedule.linear(it, steps.toLong()) }) { peak, warmUp ->
                PeakRate.linear(peak, warmUp, steps.toLong())
            },
        )

    /**
     * Lets the rates fall as half a cosine to 0, at step [steps], the warm-up counted.
     *
     * @sample dev.loraplus.dsl.samples.schedules
     */
    public fun cosine(steps: Int): Unit =
        falls(
            Fall("cosine", steps, { Schedule.cosine(it, steps.toLong()) }) { peak, warmUp ->
                PeakRate.cosine(peak, warmUp, steps.toLong())
            },
        )

    /**
     * Lets the rates fall as half a cosine to 0, several times over, until step [steps], the warm-up counted.
     *
     * @sample dev.loraplus.dsl.samples.moreSchedules
     * @param cycles how often they fall: at least 1
     */
    public fun cosineWithRestarts(
        steps: Int,
        cycles: Int,
    ): Unit =
        falls(
            Fall(
                "cosineWithRestarts",
                steps,
                { Schedule.cosineWithRestarts(it, steps.toLong(), cycles) },
            ) { peak, warmUp -> PeakRate.cosineWithRestarts(peak, warmUp, steps.toLong(), cycles) },
        )

    /**
     * Lets the rates fall as a power to a share [end] of their peaks, at step [steps], the warm-up counted.
     *
     * @sample dev.loraplus.dsl.samples.moreSchedules
     * @param power how the fall is bent: above 0
     * @param end in `[0, 1)`
     */
    public fun polynomial(
        steps: Int,
        power: Number,
        end: Number,
    ): Unit =
        falls(
            Fall(
                "polynomial",
                steps,
                { Schedule.polynomial(it, steps.toLong(), power.toDouble(), end.toDouble()) },
            ) { peak, warmUp -> PeakRate.polynomial(peak, warmUp, steps.toLong(), power.toDouble(), end.toDouble()) },
        )

    /**
     * Lets the rates fall as the inverse of the square root of the steps, for ever.
     *
     * @sample dev.loraplus.dsl.samples.moreSchedules
     */
    public fun inverseSquareRoot(): Unit =
        falls(Fall("inverseSquareRoot", null, Schedule::inverseSquareRoot, PeakRate::inverseSquareRoot))

    internal fun schedule(): Schedule = fall.schedule(warmUpSteps())

    internal fun rate(peak: Double): PeakRate = fall.rate(peak, warmUpSteps())

    private fun falls(next: Fall) {
        require(fall.name == "constant") {
            "A schedule falls in one way, got ${fall.name} and ${next.name}: drop one of them."
        }
        fall = next
    }

    private fun warmUpSteps(): Long {
        val share = warmUpShare ?: return (warmUp ?: 0).toLong()
        require(warmUp == null) {
            "There is one warm-up, got warmUp = $warmUp and warmUpShare = $share: drop one of them."
        }
        val total =
            requireNotNull(fall.total) {
                "warmUpShare = $share is a share of all steps, which a ${fall.name} schedule does not know; set warmUp."
            }
        return Schedule.warmUpSteps(share.toDouble(), total.toLong())
    }
}
