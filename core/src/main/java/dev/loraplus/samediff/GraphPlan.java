package dev.loraplus.samediff;

import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.samediff.WeightUse.Form;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What attaching will do, checked whole before anything is changed.
 *
 * @param targets the weights that get factors
 * @param saved the variables that are trained fully, by name
 */
record GraphPlan(List<AdaptableWeight> targets, Map<String, SavedVariable> saved) {
    private static final Logger LOG = LoggerFactory.getLogger(GraphPlan.class);

    /** A variable to train fully, and what attaching needs to know about it. */
    record SavedVariable(String name, boolean transposed, boolean normalization) {}

    /**
     * Resolves targets and modules to save against a graph.
     *
     * @throws NoMatchingTargetException if targets or a module to save match nothing
     * @throws IllegalArgumentException if the graph is adapted already, or a target can't be adapted; all are named
     */
    static GraphPlan of(SameDiff graph, LoraConfig config) {
        PlainOptions.require(config);
        List<AdaptableWeight> adaptable = new WeightScan(graph).adaptable();
        Map<String, SavedVariable> saved = saved(graph, config, adaptable);
        List<AdaptableWeight> candidates =
                adaptable.stream().filter(w -> !saved.containsKey(w.name())).toList();
        Set<String> chosen = new LinkedHashSet<>(config.targets()
                .resolve(candidates.stream().map(AdaptableWeight::candidate).toList()));
        List<AdaptableWeight> targets =
                candidates.stream().filter(w -> chosen.contains(w.name())).toList();
        check(graph, config, targets, saved.keySet());
        return new GraphPlan(targets, saved);
    }

    private static Map<String, SavedVariable> saved(
            SameDiff graph, LoraConfig config, List<AdaptableWeight> adaptable) {
        List<SDVariable> stored = graph.variables().stream()
                .filter(v -> Graphs.isStored(v) && v.dataType().isFPType())
                .toList();
        Map<String, SavedVariable> saved = new LinkedHashMap<>();
        for (String module : config.modulesToSave()) {
            List<String> names = stored.stream()
                    .map(SDVariable::name)
                    .filter(name -> ModulePath.isWithin(name, module))
                    .toList();
            if (names.isEmpty()) {
                throw new NoMatchingTargetException("No variable matches modulesToSave '" + module
                        + "'. Variables of the graph: "
                        + stored.stream().map(SDVariable::name).toList() + ".");
            }
            names.forEach(name -> saved.put(name, describe(graph, name, adaptable)));
        }
        return saved;
    }

    private static SavedVariable describe(SameDiff graph, String name, List<AdaptableWeight> adaptable) {
        boolean transposed = adaptable.stream()
                .anyMatch(w -> w.name().equals(name)
                        && w.linear()
                        && w.view().isMatrix()
                        && !w.view().outputFirst());
        boolean normalization = Graphs.readers(graph, name).stream()
                .map(reader -> Graphs.operation(graph, reader).getOp().opName())
                .anyMatch(kind -> kind.equals("layer_norm") || kind.equals("batchnorm"));
        return new SavedVariable(name, transposed, normalization);
    }

    private static void check(
            SameDiff graph, LoraConfig config, List<AdaptableWeight> targets, Set<String> savedNames) {
        List<String> adapted = graph.getVariables().keySet().stream()
                .filter(name -> name.endsWith(Branches.A))
                .toList();
        if (!adapted.isEmpty()) {
            throw new IllegalArgumentException("The graph holds an adapter already, in " + adapted
                    + ". Merge or detach it before attaching another.");
        }
        List<String> problems = new ArrayList<>();
        for (AdaptableWeight weight : targets) {
            if (weight.dataType() != DataType.FLOAT && weight.dataType() != DataType.DOUBLE) {
                problems.add("'" + weight.name() + "' has data type " + weight.dataType()
                        + ", adaptable are FLOAT and DOUBLE; cast it first");
            }
            if (config.dropout() > 0 && weight.uses().stream().anyMatch(use -> use.form() == Form.EFFECTIVE_WEIGHT)) {
                problems.add("'" + weight.name() + "' is used by " + weight.uses()
                        + ", where a branch has no input to drop; set dropout to 0 or exclude it");
            }
            problems.addAll(clashes(graph, weight));
            warnOfRank(config, weight);
        }
        for (String name : savedNames) {
            DataType type = graph.getVariable(name).dataType();
            if (type != DataType.FLOAT && type != DataType.DOUBLE) {
                problems.add("'" + name + "' of modulesToSave has data type " + type
                        + ", trainable are FLOAT and DOUBLE; cast it first");
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("Cannot adapt the graph: " + String.join("; ", problems) + ".");
        }
    }

    /** Names what stands where attaching would put something of its own. */
    private static List<String> clashes(SameDiff graph, AdaptableWeight weight) {
        Set<String> reserved = new LinkedHashSet<>(Set.of(weight.name() + Branches.MARK));
        weight.uses().forEach(use -> Graphs.operation(graph, use.operation())
                .getOutputsOfOp()
                .forEach(output -> reserved.add(output + Branches.MARK)));
        return graph.getVariables().keySet().stream()
                .filter(name -> reserved.stream().anyMatch(name::startsWith))
                .map(name -> "'" + name + "' has a name that the adapter of '" + weight.name()
                        + "' needs; rename it, or exclude the weight")
                .toList();
    }

    private static void warnOfRank(LoraConfig config, AdaptableWeight weight) {
        long limit = Math.min(weight.view().nIn(), weight.view().nOut());
        if (config.rank() > limit) {
            LOG.warn(
                    "rank {} is above min(nIn, nOut) = {} of '{}': the adapter is larger than needed.",
                    config.rank(),
                    limit,
                    weight.name());
        }
    }
}
