package dev.loraplus.samediff;

import dev.loraplus.LoraConfig;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.io.FactorLayout;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * What attaching will do, checked whole before anything is changed.
 *
 * @param targets the weights that get factors
 * @param saved the variables of the base that are trained, by name
 * @param biases the bias of each target that has one, by the target's name
 */
record GraphPlan(List<AdaptableWeight> targets, Map<String, SavedVariable> saved, Map<String, String> biases) {
    /**
     * Resolves targets, modules to save and biases against a graph.
     *
     * @throws NoMatchingTargetException if targets or a module to save match nothing
     * @throws IllegalArgumentException if the graph is adapted already, or a target can't be adapted; all are named
     */
    static GraphPlan of(SameDiff graph, LoraConfig config) {
        List<AdaptableWeight> adaptable = new WeightScan(graph).adaptable();
        SavedVariables variables = new SavedVariables(graph, adaptable);
        Map<String, SavedVariable> saved = variables.ofModules(config);
        List<AdaptableWeight> targets = targets(
                config,
                adaptable.stream().filter(w -> !saved.containsKey(w.name())).toList());
        Map<String, String> biases = variables.biasesOf(targets);
        variables.biases(config.bias(), biases).forEach(saved::putIfAbsent);
        GraphPlan plan = new GraphPlan(targets, saved, biases);
        new PlanChecks(graph, config).check(plan);
        return plan;
    }

    /**
     * Plans as {@link #of}, for a configuration that someone wrote for this graph.
     *
     * @throws IllegalArgumentException also if an option has no effect
     */
    static GraphPlan strict(SameDiff graph, LoraConfig config) {
        GraphPlan plan = of(graph, config);
        new PlanChecks(graph, config).checkEffects(plan);
        return plan;
    }

    /** Returns how files hold the factors of each target, by its name. */
    Map<String, FactorLayout> layouts() {
        Map<String, FactorLayout> layouts = new LinkedHashMap<>();
        targets.forEach(weight -> layouts.put(weight.name(), weight.layout()));
        return layouts;
    }

    private static List<AdaptableWeight> targets(LoraConfig config, List<AdaptableWeight> candidates) {
        Set<String> chosen = new LinkedHashSet<>(config.resolveTargets(
                candidates.stream().map(AdaptableWeight::candidate).toList()));
        return candidates.stream()
                .filter(weight -> chosen.contains(weight.name()))
                .map(weight -> config.dora() ? weight.withMagnitudes() : weight)
                .toList();
    }
}
