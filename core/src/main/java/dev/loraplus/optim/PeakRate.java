package dev.loraplus.optim;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect.Visibility;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Gives DL4J's updaters the learning rate peak &middot; {@link Schedule#factor factor(iteration)} of a {@link Schedule},
 * by the same names; epochs don't matter. Immutable, thread-safe, and part of a network's JSON.
 *
 * @since 0.1.0
 */
@JsonAutoDetect(
        fieldVisibility = Visibility.ANY,
        getterVisibility = Visibility.NONE,
        isGetterVisibility = Visibility.NONE)
public final class PeakRate implements ISchedule {
    private static final long serialVersionUID = 1L;

    private enum Fall {
        NONE,
        LINEAR,
        COSINE,
        COSINE_WITH_RESTARTS,
        POLYNOMIAL,
        INVERSE_SQUARE_ROOT
    }

    private final double peak;
    private final Fall fall;
    private final long warmUp;
    private final long total;
    private final int cycles;
    private final double power;
    private final double end;

    @JsonCreator
    private PeakRate(
            @JsonProperty("peak") double peak,
            @JsonProperty("fall") Fall fall,
            @JsonProperty("warmUp") long warmUp,
            @JsonProperty("total") long total,
            @JsonProperty("cycles") int cycles,
            @JsonProperty("power") double power,
            @JsonProperty("end") double end) {
        Checks.positive("The peak learning rate", peak);
        this.peak = peak;
        this.fall = fall;
        this.warmUp = warmUp;
        this.total = total;
        this.cycles = cycles;
        this.power = power;
        this.end = end;
        schedule().factor(0);
    }

    /** Returns the rate of {@link Schedule#constant(long)}; values are checked as there, and the peak is above 0. */
    public static PeakRate constant(double peak, long warmUp) {
        return new PeakRate(peak, Fall.NONE, warmUp, 0, 0, 0, 0);
    }

    /** Returns the rate of {@link Schedule#linear}; values are checked as there, and the peak is above 0. */
    public static PeakRate linear(double peak, long warmUp, long total) {
        return new PeakRate(peak, Fall.LINEAR, warmUp, total, 0, 0, 0);
    }

    /** Returns the rate of {@link Schedule#cosine}; values are checked as there, and the peak is above 0. */
    public static PeakRate cosine(double peak, long warmUp, long total) {
        return new PeakRate(peak, Fall.COSINE, warmUp, total, 0, 0, 0);
    }

    /** Returns the rate of {@link Schedule#cosineWithRestarts}; values are checked as there, and the peak is above 0. */
    public static PeakRate cosineWithRestarts(double peak, long warmUp, long total, int cycles) {
        return new PeakRate(peak, Fall.COSINE_WITH_RESTARTS, warmUp, total, cycles, 0, 0);
    }

    /** Returns the rate of {@link Schedule#polynomial}; values are checked as there, and the peak is above 0. */
    public static PeakRate polynomial(double peak, long warmUp, long total, double power, double end) {
        return new PeakRate(peak, Fall.POLYNOMIAL, warmUp, total, 0, power, end);
    }

    /** Returns the rate of {@link Schedule#inverseSquareRoot}; values are checked as there, and the peak is above 0. */
    public static PeakRate inverseSquareRoot(double peak, long warmUp) {
        return new PeakRate(peak, Fall.INVERSE_SQUARE_ROOT, warmUp, 0, 0, 0, 0);
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        return peak * schedule().factor(iteration);
    }

    /** Returns this rate, which can't change. */
    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public PeakRate clone() {
        return this;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PeakRate that && fields().equals(that.fields());
    }

    @Override
    public int hashCode() {
        return fields().hashCode();
    }

    @Override
    public String toString() {
        return "PeakRate" + fields();
    }

    private Schedule schedule() {
        return switch (fall) {
            case NONE -> Schedule.constant(warmUp);
            case LINEAR -> Schedule.linear(warmUp, total);
            case COSINE -> Schedule.cosine(warmUp, total);
            case COSINE_WITH_RESTARTS -> Schedule.cosineWithRestarts(warmUp, total, cycles);
            case POLYNOMIAL -> Schedule.polynomial(warmUp, total, power, end);
            case INVERSE_SQUARE_ROOT -> Schedule.inverseSquareRoot(warmUp);
        };
    }

    private List<Object> fields() {
        return List.of(peak, fall, warmUp, total, cycles, power, end);
    }
}
