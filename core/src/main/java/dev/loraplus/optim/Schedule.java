package dev.loraplus.optim;

import java.util.function.DoubleUnaryOperator;

/**
 * Multiplies every peak learning rate by one factor in [0, 1], so that the ratio lambda stays what it is at every step.
 *
 * <p>As the schedules of transformers' {@code optimization.py}, but for two things: step s of a warm-up gives (s + 1) /
 * warmUp instead of s / warmUp, so that the first step already learns, and what falls to an end stays there. A warm-up
 * given as a share of all steps is {@link #warmUpSteps}. The schedules made here are immutable and thread-safe.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface Schedule {
    /**
     * Returns the factor of a step.
     *
     * @param step the step, counted from 0
     * @throws IllegalArgumentException if the step is negative
     */
    double factor(long step);

    /** Returns the schedule that is always 1. */
    static Schedule constant() {
        return constant(0);
    }

    /**
     * Returns the schedule that rises for some steps, and then is 1.
     *
     * @param warmUp the number of rising steps, at least 0
     * @throws IllegalArgumentException if warmUp is negative
     */
    static Schedule constant(long warmUp) {
        requireWarmUp(warmUp);
        return step -> rising(step, warmUp);
    }

    /**
     * Returns the schedule that rises, and then falls as 1 - x with x = (step - warmUp) / (total - warmUp); 0 from step
     * total on.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @throws IllegalArgumentException if warmUp or total lies outside its range
     */
    static Schedule linear(long warmUp, long total) {
        return falling(warmUp, total, x -> 1 - x);
    }

    /**
     * Returns the schedule that rises, and then falls as 0.5 (1 + cos(&pi; x)) with x = (step - warmUp) / (total -
     * warmUp); 0 from step total on.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @throws IllegalArgumentException if warmUp or total lies outside its range
     */
    static Schedule cosine(long warmUp, long total) {
        return falling(warmUp, total, x -> 0.5 * (1 + Math.cos(Math.PI * x)));
    }

    /**
     * Returns the schedule that rises, and then falls as {@link #cosine} several times over, each time from 1; 0 from
     * step total on.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @param cycles how often it falls, at least 1
     * @throws IllegalArgumentException if a value lies outside its range
     */
    static Schedule cosineWithRestarts(long warmUp, long total, int cycles) {
        if (cycles < 1) {
            throw new IllegalArgumentException("cycles must be at least 1, got " + cycles + ".");
        }
        return falling(warmUp, total, x -> x < 1 ? 0.5 * (1 + Math.cos(Math.PI * (cycles * x % 1))) : 0);
    }

    /**
     * Returns the schedule that rises, and then falls as (1 - end) (1 - x)^power + end with x = (step - warmUp) / (total
     * - warmUp); end from step total on. transformers' {@code lr_end} is end times the peak rate.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @param power how it is bent: finite and above 0
     * @param end where it ends, in [0, 1)
     * @throws IllegalArgumentException if a value lies outside its range
     */
    static Schedule polynomial(long warmUp, long total, double power, double end) {
        Checks.positive("power", power);
        if (!(end >= 0 && end < 1)) {
            throw new IllegalArgumentException("end must be in [0, 1), a share of the peak rate, got " + end + ".");
        }
        return falling(warmUp, total, x -> (1 - end) * Math.pow(1 - x, power) + end);
    }

    /**
     * Returns the schedule that rises, and then falls as 1 / &radic;(1 + (step - warmUp) / t) for ever, where t is warmUp,
     * or 10,000 without a warm-up.
     *
     * @param warmUp the number of rising steps, at least 0
     * @throws IllegalArgumentException if warmUp is negative
     */
    static Schedule inverseSquareRoot(long warmUp) {
        requireWarmUp(warmUp);
        double time = warmUp == 0 ? 10_000 : warmUp;
        return step -> step < warmUp ? rising(step, warmUp) : 1 / Math.sqrt(1 + (checked(step) - warmUp) / time);
    }

    /**
     * Returns the steps of a warm-up that takes a share of all steps, rounded up.
     *
     * @param share the share, in [0, 1)
     * @param total the number of all steps, at least 1
     * @throws IllegalArgumentException if a value lies outside its range
     */
    static long warmUpSteps(double share, long total) {
        if (!(share >= 0 && share < 1) || total < 1) {
            throw new IllegalArgumentException("share must be in [0, 1) and total at least 1, got share = " + share
                    + " and total = " + total + ".");
        }
        return (long) Math.ceil(total * share);
    }

    private static Schedule falling(long warmUp, long total, DoubleUnaryOperator shape) {
        requireOrder(warmUp, total);
        return step -> step < warmUp
                ? rising(step, warmUp)
                : shape.applyAsDouble(Math.min(1, (double) (checked(step) - warmUp) / (total - warmUp)));
    }

    private static double rising(long step, long warmUp) {
        return checked(step) < warmUp ? (step + 1.0) / warmUp : 1;
    }

    private static long checked(long step) {
        if (step < 0) {
            throw new IllegalArgumentException("step must be at least 0, got " + step + ".");
        }
        return step;
    }

    private static void requireWarmUp(long warmUp) {
        if (warmUp < 0) {
            throw new IllegalArgumentException("warmUp must be at least 0 steps, got " + warmUp + ".");
        }
    }

    private static void requireOrder(long warmUp, long total) {
        if (warmUp < 0 || warmUp >= total) {
            throw new IllegalArgumentException("warmUp must be in [0, total), got warmUp = " + warmUp + " and total = "
                    + total + "; leave steps after the warm-up.");
        }
    }
}
