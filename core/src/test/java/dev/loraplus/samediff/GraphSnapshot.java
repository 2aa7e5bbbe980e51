package dev.loraplus.samediff;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;

/**
 * The whole structure of a graph, in order.
 *
 * @param variables every variable with its type, readers, producer, and whether it holds an array
 * @param operations every operation with its kind, inputs and outputs
 * @param losses the loss variables
 */
public record GraphSnapshot(List<String> variables, List<String> operations, List<String> losses) {
    public static GraphSnapshot of(SameDiff graph) {
        List<String> variables = new ArrayList<>();
        for (Variable variable : graph.getVariables().values()) {
            String name = variable.getName();
            variables.add(name + " " + variable.getVariable().name() + " "
                    + variable.getVariable().getVariableType() + " "
                    + variable.getVariable().dataType() + " read by "
                    + (variable.getInputsForOp() == null ? List.of() : variable.getInputsForOp()) + " made by "
                    + variable.getOutputOfOp() + " variable "
                    + graph.getVariablesArrays().hasArray(name) + " constant "
                    + graph.getConstantArrays().hasArray(name));
        }
        List<String> operations = new ArrayList<>();
        for (SameDiffOp operation : graph.getOps().values()) {
            operations.add(operation.getName() + " " + operation.getOp().opName() + " "
                    + operation.getOp().getOwnName() + " of " + operation.getInputsToOp() + " to "
                    + operation.getOutputsOfOp());
        }
        variables.add(graph.getVariablesArrays().size() + " variables' and "
                + graph.getConstantArrays().size() + " constants' arrays");
        return new GraphSnapshot(variables, operations, List.copyOf(graph.getLossVariables()));
    }
}
