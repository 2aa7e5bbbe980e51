package dev.loraplus.samediff.training;

/** Is told what a training has done. Hooks are called one after the other, in the order of their making. */
interface TrainingHook {
    /** A step was taken; all counters say so. */
    default void stepDone(StepReport report) {}

    /** An epoch went through all its data. */
    default void epochDone() {}

    /** A call of fit returns for good or until the next start; called whatever it ended by, save an exception. */
    default void fitDone() {}
}
