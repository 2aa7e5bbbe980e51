package dev.loraplus.samediff.surgery;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Internal: changes the structure of a graph in place, and takes every change back exactly, last first. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class GraphEdit {
    private final SameDiff graph;
    private final Deque<Runnable> undo = new ArrayDeque<>();

    /** Starts to change a graph; what the graph derived from its structure is dropped. */
    public GraphEdit(SameDiff graph) {
        this.graph = graph;
        forgetDerivedState(graph);
    }

    /** Drops sessions and the gradient function, which hold what the graph looked like before. */
    public static void forgetDerivedState(SameDiff graph) {
        graph.getSessions().clear();
        if (graph.hasGradientFunction()) {
            graph.setLossVariables(graph.getLossVariables().toArray(String[]::new));
        }
    }

    /** Adds a trainable variable that holds {@code value} itself, not a copy. */
    public SDVariable parameter(String name, INDArray value) {
        SDVariable added = graph.var(name, value);
        undo.push(() -> {
            graph.getVariablesArrays().removeArray(name);
            graph.getVariables().remove(name);
        });
        return added;
    }

    /** Adds left &middot; right. */
    public SDVariable mmul(
            String name, SDVariable left, boolean transposeLeft, SDVariable right, boolean transposeRight) {
        return added(name, graph.mmul(left, right, transposeLeft, transposeRight, false));
    }

    /** Adds value &middot; factor. */
    public SDVariable scaled(String name, SDVariable value, double factor) {
        return added(name, value.mul(factor));
    }

    /** Adds value in another shape. */
    public SDVariable reshaped(String name, SDVariable value, long[] shape) {
        return added(name, graph.reshape(value, shape));
    }

    /** Adds left + right. */
    public SDVariable sum(String name, SDVariable left, SDVariable right) {
        return added(name, left.add(right));
    }

    /** Adds left &middot; right, element by element. */
    public SDVariable product(String name, SDVariable left, SDVariable right) {
        return added(name, left.mul(right));
    }

    /**
     * Changes the only output of an operation; the change takes over the name of the operation and of its output, so that
     * whoever reads it now reads what was changed. Operation and result go on as {@code <output>.lora_base}.
     *
     * <p>SameDiff's loader takes a variable that is named as an operation for its output, so both names must move.
     *
     * @param change makes the changed output out of the operation's own, by at least one operation, whose last may not be
     *     added by this edit
     */
    public void changeOutput(SameDiffOp operation, UnaryOperator<SDVariable> change) {
        Variable output = Graphs.variable(graph, operation.getOutputsOfOp().get(0));
        DifferentialFunction base = operation.getOp();
        List<String> inputs = operation.getInputsToOp();
        SDVariable own = result(output.getName() + ".lora_base", output.getVariable());
        SameDiffOp last = withoutResult(change.apply(own));
        List<String> lastInputs = last.getInputsToOp();
        renameReader(lastInputs, last.getName(), operation.getName());
        renameReader(inputs, operation.getName(), own.name());
        SameDiffOp moved = SameDiffOp.builder().name(own.name()).build();
        graph.getOps().put(own.name(), moved);
        fill(moved, base, inputs, Graphs.variable(graph, own.name()));
        fill(operation, last.getOp(), lastInputs, output);
        undo.push(() -> {
            graph.getOps().remove(own.name());
            renameReader(inputs, own.name(), operation.getName());
            lastInputs.forEach(name -> Graphs.removeReader(Graphs.variable(graph, name), operation.getName()));
            graph.getVariables().remove(own.name());
            fill(operation, base, inputs, output);
        });
    }

    private SDVariable result(String name, SDVariable like) {
        SDVariable result = new SDVariable(name, VariableType.ARRAY, graph, like.getShape(), like.dataType());
        graph.addVariable(result);
        return result;
    }

    /** Takes the result and its operation out of the graph again, and returns the operation. */
    private SameDiffOp withoutResult(SDVariable result) {
        SameDiffOp operation = producer(result);
        graph.getVariables().remove(result.name());
        graph.getOps().remove(operation.getName());
        return operation;
    }

    /** Makes an operation read {@code replacement} wherever it reads {@code old}. */
    public void replaceInput(SameDiffOp operation, SDVariable old, SDVariable replacement) {
        List<String> inputs = operation.getInputsToOp();
        List<String> readers = variable(old).getInputsForOp();
        List<String> replaced = new ArrayList<>(inputs);
        replaced.replaceAll(name -> name.equals(old.name()) ? replacement.name() : name);
        operation.setInputsToOp(replaced);
        Graphs.removeReader(variable(old), operation.getName());
        Graphs.addReader(variable(replacement), operation.getName());
        undo.push(() -> {
            operation.setInputsToOp(inputs);
            Graphs.removeReader(variable(replacement), operation.getName());
            variable(old).setInputsForOp(readers);
        });
    }

    /** Takes every change back. */
    public void undo() {
        while (!undo.isEmpty()) {
            undo.pop().run();
        }
        forgetDerivedState(graph);
    }

    /** Gives the result of an operation that was just added to the graph its name. */
    public SDVariable added(String name, SDVariable unnamed) {
        SDVariable result = named(name, unnamed);
        SameDiffOp operation = producer(result);
        undo.push(() -> {
            removeOperation(operation);
            graph.getVariables().remove(result.name());
        });
        return result;
    }

    /** Gives a result exactly this name, whatever name scope the user has open. */
    private SDVariable named(String name, SDVariable unnamed) {
        return graph.updateVariableNameAndReference(unnamed, name, true);
    }

    private void removeOperation(SameDiffOp operation) {
        graph.getOps().remove(operation.getName());
        for (String input : operation.getInputsToOp()) {
            Variable variable = graph.getVariables().get(input);
            if (variable != null) {
                Graphs.removeReader(variable, operation.getName());
            }
        }
    }

    private static void fill(SameDiffOp operation, DifferentialFunction op, List<String> inputs, Variable output) {
        operation.setOp(op);
        op.setOwnName(operation.getName());
        operation.setInputsToOp(inputs);
        operation.setOutputsOfOp(new ArrayList<>(List.of(output.getName())));
        output.setOutputOfOp(operation.getName());
        ((DynamicCustomOp) op).setOutputVariables(null);
    }

    private void renameReader(List<String> inputs, String from, String to) {
        for (String input : Set.copyOf(inputs)) {
            Variable variable = Graphs.variable(graph, input);
            List<String> readers = new ArrayList<>(variable.getInputsForOp());
            readers.replaceAll(reader -> reader.equals(from) ? to : reader);
            variable.setInputsForOp(readers);
        }
    }

    private SameDiffOp producer(SDVariable result) {
        return Graphs.operation(graph, variable(result).getOutputOfOp());
    }

    private Variable variable(SDVariable variable) {
        return Graphs.variable(graph, variable.name());
    }
}
