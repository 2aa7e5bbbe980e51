package dev.loraplus.optim;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Lets a parameter of any DL4J network learn at lambda times the rate of another updater, at every iteration and epoch
 * and through any schedule: eta_B = lambda &middot; eta_A (arXiv 2402.12354 &sect;4).
 *
 * <p>Give it to the layer or parameter that is to learn faster; everything but the rate is the base updater's. Like
 * ND4J's updaters it can be changed by {@link #setLrAndSchedule} and is not thread-safe.
 *
 * @since 0.1.0
 */
public final class LoraPlusUpdater implements IUpdater {
    private static final long serialVersionUID = 1L;

    private final IUpdater base;
    private final double lambda;

    /**
     * Wraps an updater.
     *
     * @param base the updater of A; copied
     * @param lambda what its rate is multiplied by: finite and above 0
     * @throws IllegalArgumentException if lambda lies outside its range, or is not 1 and the base has no learning rate
     */
    public LoraPlusUpdater(@JsonProperty("base") IUpdater base, @JsonProperty("lambda") double lambda) {
        Checks.positive("lambda", lambda);
        if (lambda != 1 && !base.hasLearningRate()) {
            throw new IllegalArgumentException(base.getClass().getSimpleName()
                    + " has no learning rate that lambda = " + lambda
                    + " could multiply; use an updater with one, for example Adam, or lambda = 1.");
        }
        this.base = base.clone();
        this.lambda = lambda;
    }

    @Override
    public long stateSize(long numParams) {
        return base.stateSize(numParams);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public GradientUpdater instantiate(INDArray viewArray, boolean initializeViewArray) {
        return scaled().instantiate(viewArray, initializeViewArray);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public GradientUpdater instantiate(Map<String, INDArray> updaterState, boolean initializeStateArrays) {
        return scaled().instantiate(updaterState, initializeStateArrays);
    }

    /** Returns a copy whose rate can be set without changing this one's. */
    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public LoraPlusUpdater clone() {
        return new LoraPlusUpdater(base, lambda);
    }

    /** Returns lambda times the base's rate; NaN if the base has none. */
    @Override
    public double getLearningRate(int iteration, int epoch) {
        return lambda * base.getLearningRate(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return base.hasLearningRate();
    }

    /** Sets the rate or schedule of the <b>base</b>, eta_A; this updater's own stays lambda times that. */
    @Override
    public void setLrAndSchedule(double lr, @Nullable ISchedule lrSchedule) {
        base.setLrAndSchedule(lr, lrSchedule);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraPlusUpdater that && lambda == that.lambda && base.equals(that.base);
    }

    @Override
    public int hashCode() {
        return Objects.hash(base, lambda);
    }

    @Override
    public String toString() {
        return "LoraPlusUpdater(base=" + base + ", lambda=" + lambda + ")";
    }

    private IUpdater scaled() {
        IUpdater copy = base.clone();
        if (copy.hasLearningRate()) {
            copy.setLrAndSchedule(Double.NaN, new ScaledRate(base.clone(), lambda));
        }
        return copy;
    }
}
