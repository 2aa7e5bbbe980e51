package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Replaces operations of a gradient graph in place, and knows which values the wanted ones depend on. */
final class GraphRewriter {
    private final SameDiff graph;
    private final Collection<String> wanted;
    private Set<String> liveOperations = Set.of();

    GraphRewriter(SameDiff graph, Collection<String> wanted) {
        this.graph = graph;
        this.wanted = List.copyOf(wanted);
        findLive();
    }

    SameDiff graph() {
        return graph;
    }

    /** Returns the operations that the wanted values depend on, in the graph's order. */
    List<SameDiffOp> liveOperations() {
        return graph.getOps().values().stream()
                .filter(op -> liveOperations.contains(op.getName()))
                .toList();
    }

    /** Returns whether a wanted value depends on the variable. */
    boolean isLive(String variable) {
        return wanted.contains(variable)
                || Graphs.readers(graph, variable).stream().anyMatch(liveOperations::contains);
    }

    boolean isFrozen(String variable) {
        return graph.getVariable(variable).getVariableType() == VariableType.CONSTANT;
    }

    /** Adds a variable that an operation will fill. */
    String newVariable(String name, DataType type) {
        graph.addVariable(new SDVariable(name, VariableType.ARRAY, graph, null, type));
        return name;
    }

    /** Puts another operation in the place of one; outputs that it no longer fills must be dead. */
    void replace(SameDiffOp place, DynamicCustomOp operation, List<String> inputs, List<String> outputs) {
        for (String input : place.getInputsToOp()) {
            Graphs.removeReader(Graphs.variable(graph, input), place.getName());
        }
        for (String input : inputs) {
            Graphs.addReader(Graphs.variable(graph, input), place.getName());
        }
        for (String output : place.getOutputsOfOp()) {
            if (!outputs.contains(output)) {
                Graphs.variable(graph, output).setOutputOfOp(null);
            }
        }
        operation.setSameDiff(graph);
        operation.setOwnName(place.getName());
        place.setOp(operation);
        place.setInputsToOp(new ArrayList<>(inputs));
        place.setOutputsOfOp(new ArrayList<>(outputs));
        outputs.forEach(output -> Graphs.variable(graph, output).setOutputOfOp(place.getName()));
    }

    /** Adds an operation that fills {@code output} from {@code inputs}. */
    void insert(String name, DynamicCustomOp operation, List<String> inputs, String output) {
        SameDiffOp place = new SameDiffOp();
        place.setName(name);
        place.setInputsToOp(List.of());
        place.setOutputsOfOp(List.of());
        graph.getOps().put(name, place);
        replace(place, operation, inputs, List.of(output));
    }

    /** Finds anew what is live, and removes gradient operations that have become dead. */
    void sweep(Set<String> keep) {
        findLive();
        for (SameDiffOp operation : List.copyOf(graph.getOps().values())) {
            if (!liveOperations.contains(operation.getName()) && !keep.contains(operation.getName())) {
                graph.getOps().remove(operation.getName());
                operation.getInputsToOp().stream()
                        .map(graph.getVariables()::get)
                        .filter(Objects::nonNull)
                        .forEach(input -> Graphs.removeReader(input, operation.getName()));
                operation.getOutputsOfOp().forEach(graph.getVariables()::remove);
            }
        }
    }

    private void findLive() {
        Set<String> found = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(wanted);
        while (!open.isEmpty()) {
            SameDiffOp operation = Graphs.producer(graph, open.pop());
            if (operation != null && found.add(operation.getName())) {
                open.addAll(operation.getInputsToOp());
            }
        }
        liveOperations = found;
    }
}
