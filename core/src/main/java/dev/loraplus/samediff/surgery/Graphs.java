package dev.loraplus.samediff.surgery;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Internal: reads the structure of a graph; a name that the graph does not hold is a broken graph.
 *
 * @since 0.1.0
 */
public final class Graphs {
    private Graphs() {}

    /** Returns what a graph knows about a variable. */
    public static Variable variable(SameDiff graph, String name) {
        Variable variable = graph.getVariables().get(name);
        if (variable == null) {
            throw new IllegalStateException("The graph holds no variable '" + name + "'.");
        }
        return variable;
    }

    /** Returns an operation by its name. */
    public static SameDiffOp operation(SameDiff graph, String name) {
        SameDiffOp operation = graph.getOps().get(name);
        if (operation == null) {
            throw new IllegalStateException("The graph holds no operation '" + name + "'.");
        }
        return operation;
    }

    /** Returns the operation that fills a variable, or null if none does. */
    public static @Nullable SameDiffOp producer(SameDiff graph, String variable) {
        String operation = variable(graph, variable).getOutputOfOp();
        return operation == null ? null : graph.getOps().get(operation);
    }

    /** Returns the names of the operations that read a variable, each once. */
    public static List<String> readers(SameDiff graph, String variable) {
        List<String> names = variable(graph, variable).getInputsForOp();
        return names == null ? List.of() : names.stream().distinct().toList();
    }

    /** Adds an operation to the readers of a variable, unless it is one. */
    public static void addReader(Variable variable, String operation) {
        List<String> readers =
                variable.getInputsForOp() == null ? new ArrayList<>() : new ArrayList<>(variable.getInputsForOp());
        if (!readers.contains(operation)) {
            readers.add(operation);
        }
        variable.setInputsForOp(readers);
    }

    /** Removes an operation from the readers of a variable. */
    public static void removeReader(Variable variable, String operation) {
        if (variable.getInputsForOp() != null) {
            List<String> readers = new ArrayList<>(variable.getInputsForOp());
            readers.removeIf(operation::equals);
            variable.setInputsForOp(readers);
        }
    }

    /** Returns whether a variable or constant holds its own array. */
    public static boolean isStored(SDVariable variable) {
        VariableType type = variable.getVariableType();
        return (type == VariableType.VARIABLE || type == VariableType.CONSTANT) && variable.getArr() != null;
    }

    /** Returns whether an integer argument of an operation is there and set. */
    public static boolean flag(DynamicCustomOp op, int argument) {
        return op.numIArguments() > argument && op.getIArgument(argument) > 0;
    }

    /**
     * Returns the losses that a graph marks, or its TrainingConfig names.
     *
     * @throws IllegalStateException if there are none
     */
    public static List<String> losses(SameDiff graph) {
        List<String> losses = graph.getLossVariables();
        if (losses.isEmpty() && graph.getTrainingConfig() != null) {
            List<String> configured = graph.getTrainingConfig().getLossVariables();
            losses = configured == null ? List.of() : configured;
        }
        if (losses.isEmpty()) {
            throw new IllegalStateException("The graph marks no loss: call setLossVariables(...) or markAsLoss() on it"
                    + " before training; its outputs are " + graph.outputs() + ".");
        }
        return List.copyOf(losses);
    }
}
