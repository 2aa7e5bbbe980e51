package dev.loraplus.optim;

import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.ToDoubleFunction;

/**
 * Holds what {@link ParameterGroups} needs to know besides the parameters. Immutable.
 *
 * @param grouping which parameters learn at lambda &middot; eta; default {@link Grouping#STRICT}
 * @param eta the rate of A: finite and above 0
 * @param lambda the rate of a parameter divided by eta, where it learns at lambda &middot; eta: finite and above 0; asked
 *     for those parameters only
 * @param headRate the absolute rate of modules that are trained fully: finite and above 0; default empty, which means
 *     eta; must be empty with {@link Grouping#REFERENCE}
 * @param embeddingRate the absolute rate of both factors of embeddings: finite and above 0; default empty, which means
 *     what the grouping says
 * @param weightDecay the decay of what is decayed: finite and at least 0; default 0
 * @since 0.1.0
 */
public record GroupSettings(
        Grouping grouping,
        double eta,
        ToDoubleFunction<TrainedParameter> lambda,
        OptionalDouble headRate,
        OptionalDouble embeddingRate,
        double weightDecay) {
    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value lies outside its range, or a head rate meets
     *     {@link Grouping#REFERENCE}
     */
    public GroupSettings {
        Objects.requireNonNull(grouping, "grouping must not be null");
        Objects.requireNonNull(lambda, "lambda must not be null");
        Checks.positive("eta", eta);
        Checks.notNegative("weightDecay", weightDecay);
        headRate.ifPresent(rate -> Checks.positive("headRate", rate));
        embeddingRate.ifPresent(rate -> Checks.positive("embeddingRate", rate));
        if (grouping == Grouping.REFERENCE && headRate.isPresent()) {
            throw new IllegalArgumentException("headRate = " + headRate.getAsDouble()
                    + " has no effect with Grouping.REFERENCE, where the rates of a head follow PEFT's"
                    + " create_loraplus_optimizer; drop headRate or use Grouping.STRICT.");
        }
    }

    /**
     * Returns settings with one lambda for all, and defaults otherwise.
     *
     * @throws IllegalArgumentException if a value is not finite and above 0
     */
    public static GroupSettings of(double eta, double lambda) {
        Checks.positive("lambda", lambda);
        return new GroupSettings(
                Grouping.STRICT, eta, parameter -> lambda, OptionalDouble.empty(), OptionalDouble.empty(), 0);
    }

    /** Returns these settings with another grouping. */
    public GroupSettings withGrouping(Grouping value) {
        return new GroupSettings(value, eta, lambda, headRate, embeddingRate, weightDecay);
    }

    /** Returns these settings with a lambda that depends on the parameter. */
    public GroupSettings withLambda(ToDoubleFunction<TrainedParameter> value) {
        return new GroupSettings(grouping, eta, value, headRate, embeddingRate, weightDecay);
    }

    /** Returns these settings with another head rate; empty means eta. */
    public GroupSettings withHeadRate(OptionalDouble value) {
        return new GroupSettings(grouping, eta, lambda, value, embeddingRate, weightDecay);
    }

    /** Returns these settings with another embedding rate; empty means what the grouping says. */
    public GroupSettings withEmbeddingRate(OptionalDouble value) {
        return new GroupSettings(grouping, eta, lambda, headRate, value, weightDecay);
    }

    /** Returns these settings with another weight decay. */
    public GroupSettings withWeightDecay(double value) {
        return new GroupSettings(grouping, eta, lambda, headRate, embeddingRate, value);
    }
}
