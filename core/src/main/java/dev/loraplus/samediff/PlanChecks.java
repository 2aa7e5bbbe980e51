package dev.loraplus.samediff;

import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.samediff.WeightUse.Form;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks that the weights and variables of a plan can be trained as a configuration says, and names all that can't. */
final class PlanChecks {
    private static final Logger LOG = LoggerFactory.getLogger(PlanChecks.class);

    private final SameDiff graph;
    private final LoraConfig config;
    private final List<String> problems = new ArrayList<>();

    PlanChecks(SameDiff graph, LoraConfig config) {
        this.graph = graph;
        this.config = config;
    }

    /**
     * Checks a plan.
     *
     * @throws IllegalArgumentException if the graph is adapted already, or a target or variable can't be trained
     */
    void check(GraphPlan plan) {
        List<String> adapted = graph.getVariables().keySet().stream()
                .filter(name -> name.endsWith(Branches.A))
                .toList();
        if (!adapted.isEmpty()) {
            throw new IllegalArgumentException("The graph holds an adapter already, in " + adapted
                    + ". Merge or detach it before attaching another.");
        }
        plan.targets().forEach(this::check);
        plan.saved().keySet().forEach(this::checkSaved);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("Cannot adapt the graph: " + String.join("; ", problems) + ".");
        }
    }

    /**
     * Checks that every option has an effect on a plan.
     *
     * @throws IllegalArgumentException if one has none; the message names all
     */
    void checkEffects(GraphPlan plan) {
        List<String> idle = new ArrayList<>();
        List<String> names = plan.targets().stream().map(AdaptableWeight::name).toList();
        config.idlePatterns(names).forEach(pattern -> idle.add(pattern + ", which no target takes"));
        boolean biased = plan.saved().values().stream().anyMatch(saved -> saved.biasOf() != null);
        if (config.bias() == Bias.LORA_ONLY && !biased) {
            idle.add("bias = LORA_ONLY, since no target has a bias");
        }
        if (config.embeddingRate().isPresent()
                && plan.targets().stream().noneMatch(w -> w.layout().isEmbedding())) {
            idle.add("embeddingRate, since no target is an embedding");
        }
        if (!idle.isEmpty()) {
            throw new IllegalArgumentException("These options have no effect on the targets " + names + ": "
                    + String.join("; ", idle) + ". Drop them, or change the targets.");
        }
    }

    private void check(AdaptableWeight weight) {
        String name = "'" + weight.name() + "'";
        if (weight.dataType() != DataType.FLOAT && weight.dataType() != DataType.DOUBLE) {
            problems.add(
                    name + " has data type " + weight.dataType() + ", adaptable are FLOAT and DOUBLE; cast it first");
        }
        if (config.dropout() > 0 && !weight.uses().stream().allMatch(PlanChecks::hasInput)) {
            problems.add(name + " is used by " + weight.uses()
                    + ", where a branch has no input to drop; set dropout to 0 or exclude it");
        }
        if (config.loraBias()
                && (weight.layout().isEmbedding()
                        || !weight.uses().stream().allMatch(use -> OutputSide.isApart(weight, use)))) {
            problems.add(name + " is used by " + weight.uses()
                    + ", whose result a bias of B can't be added to; drop loraBias or exclude it");
        }
        if (config.initialization().changesBase()
                && !(weight.linear() && weight.view().isMatrix())) {
            problems.add(name + " is no linear weight, which " + config.initialization()
                    + " starts from; choose another initialization or exclude it");
        }
        checkClashes(weight);
        checkRank(weight);
    }

    private static boolean hasInput(WeightUse use) {
        return use.form() == Form.BRANCH_RIGHT || use.form() == Form.BRANCH_LEFT;
    }

    private void checkSaved(String name) {
        DataType type = graph.getVariable(name).dataType();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            problems.add("'" + name + "' has data type " + type + ", trainable are FLOAT and DOUBLE; cast it first");
        }
    }

    /** Names what stands where attaching would put something of its own. */
    private void checkClashes(AdaptableWeight weight) {
        Set<String> reserved = new LinkedHashSet<>(Set.of(weight.name() + Branches.MARK));
        weight.uses().forEach(use -> Graphs.operation(graph, use.operation())
                .getOutputsOfOp()
                .forEach(output -> reserved.add(output + Branches.MARK)));
        graph.getVariables().keySet().stream()
                .filter(name -> reserved.stream().anyMatch(name::startsWith))
                .forEach(name -> problems.add("'" + name + "' has a name that the adapter of '" + weight.name()
                        + "' needs; rename it, or exclude the weight"));
    }

    private void checkRank(AdaptableWeight weight) {
        int rank = config.rankOf(weight.name());
        long limit = Math.min(weight.view().nIn(), weight.view().nOut());
        if (rank > limit && config.initialization().changesBase()) {
            problems.add("'" + weight.name() + "' has only " + limit + " directions for rank " + rank + ", which "
                    + config.initialization() + " takes from it; lower the rank");
        } else if (rank > limit) {
            LOG.warn(
                    "rank {} is above min(nIn, nOut) = {} of '{}': the adapter is larger than needed.",
                    rank,
                    limit,
                    weight.name());
        }
    }
}
