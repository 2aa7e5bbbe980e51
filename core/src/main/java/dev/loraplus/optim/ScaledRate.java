package dev.loraplus.optim;

import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Asks an updater for its rate and multiplies it: the only way to an updater's schedule, for which ND4J has no getter.
 *
 * <p>Lives in running updaters only and never in a configuration, so it needs no JSON form.
 */
@SuppressWarnings("MissingSerialVersionUID")
record ScaledRate(IUpdater base, double factor) implements ISchedule {
    @Override
    public double valueAt(int iteration, int epoch) {
        return factor * base.getLearningRate(iteration, epoch);
    }

    @Override
    public ISchedule clone() {
        return new ScaledRate(base.clone(), factor);
    }
}
