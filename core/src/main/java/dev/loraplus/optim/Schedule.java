package dev.loraplus.optim;

/**
 * Multiplies every peak learning rate by one factor in [0, 1], so that the ratio lambda stays what it is at every step.
 *
 * <p>As transformers' {@code get_constant_schedule_with_warmup}, {@code get_linear_schedule_with_warmup} and
 * {@code get_cosine_schedule_with_warmup}, but for two things: step s of a warm-up gives (s + 1) / warmUp instead of
 * s / warmUp, so that the first step already learns, and the cosine stays 0 after its end. The schedules made here are
 * immutable and thread-safe.
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
        if (warmUp < 0) {
            throw new IllegalArgumentException("warmUp must be at least 0 steps, got " + warmUp + ".");
        }
        return step -> rising(step, warmUp);
    }

    /**
     * Returns the schedule that rises, and then falls as (total - step) / (total - warmUp); 0 from step total on.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @throws IllegalArgumentException if warmUp or total lies outside its range
     */
    static Schedule linear(long warmUp, long total) {
        requireOrder(warmUp, total);
        return step -> step < warmUp ? rising(step, warmUp) : 1 - progress(step, warmUp, total);
    }

    /**
     * Returns the schedule that rises, and then falls as 0.5 (1 + cos(&pi; (step - warmUp) / (total - warmUp))); 0 from
     * step total on.
     *
     * @param warmUp the number of rising steps, in [0, total)
     * @param total the number of all steps, at least 1
     * @throws IllegalArgumentException if warmUp or total lies outside its range
     */
    static Schedule cosine(long warmUp, long total) {
        requireOrder(warmUp, total);
        return step ->
                step < warmUp ? rising(step, warmUp) : 0.5 * (1 + Math.cos(Math.PI * progress(step, warmUp, total)));
    }

    private static double rising(long step, long warmUp) {
        requireStep(step);
        return step < warmUp ? (step + 1.0) / warmUp : 1;
    }

    private static double progress(long step, long warmUp, long total) {
        requireStep(step);
        return Math.min(1, (double) (step - warmUp) / (total - warmUp));
    }

    private static void requireStep(long step) {
        if (step < 0) {
            throw new IllegalArgumentException("step must be at least 0, got " + step + ".");
        }
    }

    private static void requireOrder(long warmUp, long total) {
        if (warmUp < 0 || warmUp >= total) {
            throw new IllegalArgumentException("warmUp must be in [0, total), got warmUp = " + warmUp + " and total = "
                    + total + "; leave steps after the warm-up.");
        }
    }
}
