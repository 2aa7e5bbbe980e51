package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gives the arrays of one adapter the values of another of the same weights and ranks; all is checked before.
 *
 * @param live the adapter of a network, whose arrays are changed
 * @param other what they become
 * @param quotients what A is multiplied by, by weight: the other's scaling divided by the network's
 */
record FactorExchange(Adapter live, Adapter other, Map<String, Double> quotients) {

    /**
     * Assigns the values.
     *
     * @throws IllegalArgumentException if weights, trained variables, shapes or kinds differ, or what the factors
     *     start from; all is named
     */
    void assign() {
        requireFits();
        live.factors().forEach((name, pair) -> {
            Factors values = Objects.requireNonNull(other.factors().get(name));
            double quotient = Objects.requireNonNull(quotients.get(name));
            pair.a().assign(quotient == 1 ? values.a() : values.a().mul(quotient));
            pair.b().assign(values.b());
            assign(pair.bias(), values.bias());
            assign(pair.magnitude(), values.magnitude());
        });
        live.saved().forEach((name, saved) -> saved.value()
                .assign(Objects.requireNonNull(other.saved().get(name)).value()));
    }

    private static void assign(@Nullable INDArray live, @Nullable INDArray values) {
        if (live != null && values != null) {
            live.assign(values);
        }
    }

    private void requireFits() {
        List<String> problems = new ArrayList<>();
        live.factors()
                .forEach((name, pair) ->
                        check(problems, name, pair, other.factors().get(name)));
        live.saved()
                .forEach((name, saved) ->
                        check(problems, name, saved, other.saved().get(name)));
        unknown(problems, other.factors(), live.factors());
        unknown(problems, other.saved(), live.saved());
        if (!startsAlike()) {
            problems.add(
                    "factors that start from the weights, as PiSSA's, fit one base, initialization and scaling, got "
                            + other.config().initialization() + " for "
                            + live.config().initialization());
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("The network's adapter can't take these values: "
                    + String.join("; ", problems) + ". Detach, and attach or load the other adapter instead.");
        }
    }

    /** Returns whether the same is taken out of the weights for both adapters. */
    private boolean startsAlike() {
        boolean taken = live.config().initialization().changesBase()
                || other.config().initialization().changesBase();
        boolean alike = live.config().initialization() == other.config().initialization()
                && quotients.values().stream().allMatch(quotient -> quotient == 1)
                && Objects.equals(
                        live.provenance().get("base"), other.provenance().get("base"));
        return !taken || alike;
    }

    private static void check(List<String> problems, String name, Factors live, @Nullable Factors values) {
        if (values == null) {
            problems.add("factors of '" + name + "' are missing");
            return;
        }
        check(problems, "A of '" + name + "'", live.a(), values.a());
        check(problems, "B of '" + name + "'", live.b(), values.b());
        check(problems, "the bias of B of '" + name + "'", live.bias(), values.bias());
        check(problems, "the magnitude of '" + name + "'", live.magnitude(), values.magnitude());
    }

    private static void check(List<String> problems, String name, Saved live, @Nullable Saved values) {
        check(problems, "'" + name + "'", live.value(), values == null ? null : values.value());
    }

    private static void check(List<String> problems, String what, @Nullable INDArray live, @Nullable INDArray values) {
        String got = values == null ? "none" : Arrays.toString(values.shape());
        String expected = live == null ? "none" : Arrays.toString(live.shape());
        if (!got.equals(expected)) {
            problems.add(what + " is " + got + ", expected " + expected);
        }
    }

    private static void unknown(List<String> problems, Map<String, ?> given, Map<String, ?> live) {
        given.keySet().stream()
                .filter(name -> !live.containsKey(name))
                .forEach(name -> problems.add("'" + name + "' has no place"));
    }
}
