package dev.loraplus.optim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Gives every trained parameter its group, peak learning rate and weight decay. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class ParameterGroups {
    private final Map<String, Assignment> byName;

    private ParameterGroups(Map<String, Assignment> byName) {
        this.byName = byName;
    }

    /**
     * Assigns groups, rates and decays as the {@link Grouping} says.
     *
     * @param parameters every parameter that is trained, each name once
     * @param grouping which parameters learn at lambda &middot; eta
     * @param lambda the rate of B divided by that of A: finite and above 0
     * @param headRate the absolute rate of modules that are trained fully: finite and above 0; empty means eta; must
     *     be empty with {@link Grouping#REFERENCE}
     * @param eta the rate of A: finite and above 0
     * @param weightDecay the decay of what is decayed: finite and at least 0
     * @throws IllegalArgumentException if a value lies outside its range, a name comes twice, or a head rate meets
     *     {@link Grouping#REFERENCE}
     */
    public static ParameterGroups of(
            List<TrainedParameter> parameters,
            Grouping grouping,
            double lambda,
            OptionalDouble headRate,
            double eta,
            double weightDecay) {
        Checks.positive("lambda", lambda);
        Checks.positive("eta", eta);
        Checks.notNegative("weightDecay", weightDecay);
        headRate.ifPresent(rate -> Checks.positive("headRate", rate));
        if (grouping == Grouping.REFERENCE && headRate.isPresent()) {
            throw new IllegalArgumentException("headRate = " + headRate.getAsDouble()
                    + " has no effect with Grouping.REFERENCE, where the rates of a head follow PEFT's"
                    + " create_loraplus_optimizer; drop headRate or use Grouping.STRICT.");
        }
        Rates rates = new Rates(eta, lambda * eta, headRate.orElse(eta), weightDecay);
        Checks.positive("lambda * eta", rates.ofB());
        List<Placed> placed = new ArrayList<>();
        for (TrainedParameter parameter : parameters) {
            placed.add(grouping == Grouping.STRICT ? strict(parameter, rates) : reference(parameter, rates));
        }
        placed.sort(Comparator.comparingInt(Placed::order));
        return new ParameterGroups(index(placed));
    }

    /** Returns the assignments by group, in the order of {@link Grouping}; within a group in the order given. */
    public List<Assignment> assignments() {
        return List.copyOf(byName.values());
    }

    /**
     * Returns the assignment of a parameter.
     *
     * @throws IllegalArgumentException if no parameter has this name
     */
    public Assignment of(String name) {
        Assignment assignment = byName.get(name);
        if (assignment == null) {
            throw new IllegalArgumentException(
                    "'" + name + "' is not a trained parameter; trained are " + byName.keySet() + ".");
        }
        return assignment;
    }

    /** Returns a table for people: name, shape, group, rate and decay of every parameter, and the totals. */
    public String table() {
        return GroupTable.of(assignments());
    }

    @Override
    public String toString() {
        return table();
    }

    private record Rates(double ofA, double ofB, double ofHead, double decay) {}

    private record Placed(int order, Assignment assignment) {}

    private static Placed strict(TrainedParameter parameter, Rates rates) {
        return switch (parameter.kind()) {
            case FACTOR_A, EMBEDDING_A -> likeA(parameter, rates);
            case FACTOR_B, EMBEDDING_B, FACTOR_B_BIAS, MAGNITUDE, CONV_MAGNITUDE -> likeB(parameter, rates);
            case WEIGHT, OTHER_NORM_GAIN -> placed(3, parameter, "head", rates.ofHead(), rates.decay());
            case BIAS, BASE_BIAS, NORM -> placed(4, parameter, "head_no_decay", rates.ofHead(), 0);
        };
    }

    private static Placed reference(TrainedParameter parameter, Rates rates) {
        return switch (parameter.kind()) {
            case FACTOR_A, EMBEDDING_A, EMBEDDING_B, CONV_MAGNITUDE -> likeA(parameter, rates);
            case FACTOR_B, MAGNITUDE -> likeB(parameter, rates);
            case WEIGHT, OTHER_NORM_GAIN ->
                parameter.shape().length < 2 ? likeB(parameter, rates) : likeA(parameter, rates);
            case BIAS, BASE_BIAS, FACTOR_B_BIAS, NORM -> placed(3, parameter, "B_no_decay", rates.ofB(), 0);
        };
    }

    private static Placed likeA(TrainedParameter parameter, Rates rates) {
        return placed(0, parameter, "A", rates.ofA(), rates.decay());
    }

    private static Placed likeB(TrainedParameter parameter, Rates rates) {
        return placed(2, parameter, "B", rates.ofB(), rates.decay());
    }

    private static Placed placed(int order, TrainedParameter parameter, String group, double rate, double decay) {
        return new Placed(order, new Assignment(parameter, group, rate, decay));
    }

    private static Map<String, Assignment> index(List<Placed> placed) {
        Map<String, Assignment> byName = new LinkedHashMap<>();
        for (Placed each : placed) {
            String name = each.assignment().parameter().name();
            if (byName.put(name, each.assignment()) != null) {
                throw new IllegalArgumentException(
                        "Parameter '" + name + "' is declared twice; every trained parameter needs a name of its own.");
            }
        }
        return byName;
    }
}
