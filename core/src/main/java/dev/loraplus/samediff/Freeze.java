package dev.loraplus.samediff;

import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.ArrayHolder;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Makes every variable of a graph a constant, except those that are trained, and gives each its own type back.
 *
 * <p>{@code SameDiff.convertToConstants} is not used: it drops updater state and edits the training configuration.
 */
final class Freeze {
    private final SameDiff graph;
    private final Map<String, VariableType> before = new LinkedHashMap<>();

    private Freeze(SameDiff graph) {
        this.graph = graph;
    }

    /** Freezes all but {@code trained}, which become variables where they are constants. */
    static Freeze allBut(SameDiff graph, Set<String> trained) {
        Freeze freeze = new Freeze(graph);
        for (SDVariable variable : graph.variables()) {
            if (Graphs.isStored(variable)) {
                VariableType wanted = trained.contains(variable.name()) ? VariableType.VARIABLE : VariableType.CONSTANT;
                if (variable.getVariableType() != wanted) {
                    freeze.before.put(variable.name(), variable.getVariableType());
                    setType(graph, variable, wanted);
                }
            }
        }
        return freeze;
    }

    /** Gives back the types that variables had. */
    void undo() {
        before.forEach((name, type) -> setType(graph, graph.getVariable(name), type));
        before.clear();
        GraphEdit.forgetDerivedState(graph);
    }

    private static void setType(SameDiff graph, SDVariable variable, VariableType type) {
        INDArray array = variable.getArr();
        boolean toConstant = type == VariableType.CONSTANT;
        ArrayHolder from = toConstant ? graph.getVariablesArrays() : graph.getConstantArrays();
        ArrayHolder to = toConstant ? graph.getConstantArrays() : graph.getVariablesArrays();
        to.setArray(variable.name(), array);
        from.removeArray(variable.name());
        variable.setVariableType(type);
    }
}
