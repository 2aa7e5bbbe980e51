package dev.loraplus.optim;

import dev.loraplus.optim.TrainedParameter.Kind;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Gives every trained parameter its group, peak learning rate and weight decay. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class ParameterGroups {
    /** The groups of both {@link Grouping}s, in their order. */
    private static final List<String> ORDER =
            List.of("A", "embedding", "B", "B_no_decay", "magnitude", "base_no_decay", "head", "head_no_decay");

    private static final Set<Kind> HEAD = Set.of(Kind.WEIGHT, Kind.BIAS, Kind.NORM, Kind.OTHER_NORM_GAIN);
    private static final Set<Kind> EMBEDDING = Set.of(Kind.EMBEDDING_A, Kind.EMBEDDING_B);

    private final Map<String, Assignment> byName;

    private ParameterGroups(Map<String, Assignment> byName) {
        this.byName = byName;
    }

    /**
     * Assigns groups, rates and decays as the settings' {@link Grouping} says.
     *
     * @param parameters every parameter that is trained, each name once
     * @param settings rates, lambda and decay
     * @throws IllegalArgumentException if a name comes twice, lambda &middot; eta of a parameter is not finite and above
     *     0, or a head rate, embedding rate, weight decay or lambda other than 1 is set that no parameter has
     */
    public static ParameterGroups of(List<TrainedParameter> parameters, GroupSettings settings) {
        GroupRules rules = new GroupRules(settings);
        List<Assignment> assignments = parameters.stream()
                .map(rules::assign)
                .sorted(Comparator.comparingInt(assignment -> ORDER.indexOf(assignment.group())))
                .toList();
        requireEffect(assignments, settings);
        return new ParameterGroups(index(assignments));
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

    private static void requireEffect(List<Assignment> assignments, GroupSettings settings) {
        requireKind(assignments, "headRate", settings.headRate(), HEAD, "is trained fully: name modules to save");
        requireKind(assignments, "embeddingRate", settings.embeddingRate(), EMBEDDING, "is an embedding: target one");
        requireLambda(assignments, settings);
        if (settings.weightDecay() > 0 && assignments.stream().allMatch(each -> each.decay() == 0)) {
            throw new IllegalArgumentException("weightDecay = " + settings.weightDecay()
                    + " has no effect: none of the trained parameters "
                    + names(assignments) + " is decayed; drop weightDecay.");
        }
    }

    private static void requireKind(
            List<Assignment> assignments, String option, OptionalDouble value, Set<Kind> kinds, String remedy) {
        boolean used = assignments.stream()
                .anyMatch(each -> kinds.contains(each.parameter().kind()));
        if (value.isPresent() && !used) {
            throw new IllegalArgumentException(
                    option + " = " + value.getAsDouble() + " has no effect: none of the trained parameters "
                            + names(assignments) + " " + remedy + ", or drop " + option + ".");
        }
    }

    /** Refuses a lambda of factors that all have the rate of embeddings. */
    private static void requireLambda(List<Assignment> assignments, GroupSettings settings) {
        if (assignments.stream().anyMatch(each -> each.group().startsWith("B"))) {
            return;
        }
        for (Assignment each : assignments) {
            double lambda = each.parameter().kind() == Kind.EMBEDDING_B
                    ? settings.lambda().applyAsDouble(each.parameter())
                    : 1;
            if (lambda != 1) {
                throw new IllegalArgumentException("lambda = " + lambda
                        + " has no effect: all factors are of embeddings"
                        + " and learn at the rate of embeddings, " + each.rate() + ", with Grouping."
                        + settings.grouping() + "; set lambda to 1, or use Grouping.STRICT without an embeddingRate.");
            }
        }
    }

    private static List<String> names(List<Assignment> assignments) {
        return assignments.stream().map(each -> each.parameter().name()).toList();
    }

    private static Map<String, Assignment> index(List<Assignment> assignments) {
        Map<String, Assignment> byName = new LinkedHashMap<>();
        for (Assignment assignment : assignments) {
            String name = assignment.parameter().name();
            if (byName.put(name, assignment) != null) {
                throw new IllegalArgumentException(
                        "Parameter '" + name + "' is declared twice; every trained parameter needs a name of its own.");
            }
        }
        return byName;
    }
}
