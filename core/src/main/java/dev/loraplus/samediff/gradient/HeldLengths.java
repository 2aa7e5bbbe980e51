package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;

/**
 * Keeps DoRA's lengths out of what is differentiated. The operation that stops their gradient makes it zero; left in, all
 * that the lengths are made of would be differentiated too, for nothing.
 */
final class HeldLengths {
    /** What is held, by the name of the placeholder that stands for it. */
    private final Map<String, String> held = new LinkedHashMap<>();

    private HeldLengths() {}

    /** Puts placeholders in the place of the lengths, in a graph that is about to be differentiated. */
    static HeldLengths cut(SameDiff copy, AdaptedGraph adapted) {
        HeldLengths lengths = new HeldLengths();
        if (!adapted.config().dora()) {
            return lengths;
        }
        GraphEdit edit = new GraphEdit(copy);
        TrainingAccess.lengths(adapted).forEach((variable, dimensions) -> {
            SDVariable length = copy.getVariable(variable);
            String name = length.name() + ".cut";
            long[] shape = new long[dimensions];
            Arrays.fill(shape, -1);
            SDVariable stand = copy.placeHolder(name, length.dataType(), shape);
            for (String reader : Graphs.readers(copy, length.name())) {
                edit.replaceInput(Graphs.operation(copy, reader), length, stand);
            }
            lengths.held.put(name, length.name());
        });
        return lengths;
    }

    /** Fills the placeholders' variables with the lengths. */
    void restore(SameDiff gradientGraph) {
        GraphRewriter rewriter = new GraphRewriter(gradientGraph, List.of());
        held.forEach((name, length) -> {
            gradientGraph.getVariable(name).setVariableType(VariableType.ARRAY);
            rewriter.insert(name + "/take", new StopGradient(), List.of(length), name);
        });
    }
}
