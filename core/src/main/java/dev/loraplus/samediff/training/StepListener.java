package dev.loraplus.samediff.training;

/**
 * Is told of every step of {@link LoraTrainer#fit}, right after the parameters have changed.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface StepListener {
    /** Takes the report of a step, in the thread that trains. What it throws ends the training. */
    void stepDone(StepReport report);
}
