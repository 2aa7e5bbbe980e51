package dev.loraplus.samediff.training;

/** Hands each step to a listener of the user's. */
record ListenerCall(StepListener listener) implements TrainingHook {
    @Override
    public void stepDone(StepReport report) {
        listener.stepDone(report);
    }
}
