package dev.loraplus.samediff;

import dev.loraplus.ModulePath;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * Finds the biases of a graph: variables named {@code bias}, as PEFT does, and whatever is added to the result of a weight
 * or is its operation's bias input.
 */
final class BaseBiases {
    private static final Set<String> SUMS = Set.of("add", "biasadd");
    private static final Set<String> WITH_BIAS =
            Set.of("xw_plus_b", "conv1d", "causal_conv1d", "conv2d", "conv3dnew", "deconv2d", "deconv3d");

    private final SameDiff graph;

    BaseBiases(SameDiff graph) {
        this.graph = graph;
    }

    /** Returns every bias of the graph, whose weights are {@code weights}. */
    Set<String> all(List<AdaptableWeight> weights) {
        Set<String> biases = new LinkedHashSet<>();
        graph.variables().stream()
                .filter(v -> Graphs.isStored(v) && v.dataType().isFPType() && isNamedBias(v.name()))
                .forEach(v -> biases.add(v.name()));
        weights.forEach(weight -> of(weight).ifPresent(biases::add));
        return biases;
    }

    /** Returns the bias of a weight: the one of its module by name, or the only one by structure. */
    Optional<String> of(AdaptableWeight weight) {
        String named = ModulePath.of(weight.name()) + ".bias";
        Optional<String> byName = graph.variables().stream()
                .filter(v -> Graphs.isStored(v) && ModulePath.dotted(v.name()).equals(named))
                .map(SDVariable::name)
                .findFirst();
        if (byName.isPresent()) {
            return byName;
        }
        Set<String> found = new LinkedHashSet<>();
        for (WeightUse use : weight.uses()) {
            SameDiffOp operation = Graphs.operation(graph, use.operation());
            if (WITH_BIAS.contains(use.kind()) && use.input() == 1) {
                operation.getInputsToOp().stream().skip(2).limit(1).forEach(name -> addIfBias(found, name, weight));
            } else if (OutputSide.isApart(weight, use)) {
                addAdded(found, operation, weight);
            }
        }
        return found.size() == 1 ? found.stream().findFirst() : Optional.empty();
    }

    private void addAdded(Set<String> found, SameDiffOp operation, AdaptableWeight weight) {
        String output = operation.getOutputsOfOp().get(0);
        for (String reader : Graphs.readers(graph, output)) {
            SameDiffOp sum = Graphs.operation(graph, reader);
            if (SUMS.contains(sum.getOp().opName())) {
                sum.getInputsToOp().stream()
                        .filter(name -> !name.equals(output))
                        .forEach(name -> addIfBias(found, name, weight));
            }
        }
    }

    private void addIfBias(Set<String> found, String name, AdaptableWeight weight) {
        SDVariable variable = graph.getVariable(name);
        if (Graphs.isStored(variable)
                && variable.dataType().isFPType()
                && variable.getArr().length() == weight.view().nOut()) {
            found.add(name);
        }
    }

    private static boolean isNamedBias(String name) {
        String dotted = ModulePath.dotted(name);
        return dotted.equals("bias") || dotted.endsWith(".bias");
    }
}
