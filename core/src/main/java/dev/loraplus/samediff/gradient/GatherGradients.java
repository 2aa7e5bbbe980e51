package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.kernel.GatherGradOp;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.MulOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.bp.MulBpOp;

/**
 * Gives {@code gather} and {@code embedding_lookup} a right gradient: ND4J's gather adds rows to wrong places, and its
 * lookup has no gradient at all.
 *
 * <p>While the graph is differentiated a product stands in for each of them, because its gradient is one operation with
 * the inputs (table, indices, gradient of the result). Afterwards both directions are put right.
 */
final class GatherGradients {
    private static final Set<String> KINDS = Set.of("gather", "embedding_lookup");

    private final Map<String, DynamicCustomOp> originals = new LinkedHashMap<>();

    private GatherGradients() {}

    /** Puts the stand-ins into a graph that is about to be differentiated. */
    static GatherGradients standIn(SameDiff copy) {
        GatherGradients gathers = new GatherGradients();
        for (SameDiffOp operation : copy.getOps().values()) {
            if (KINDS.contains(operation.getOp().opName()) && operation.getOp() instanceof DynamicCustomOp gather) {
                gathers.originals.put(operation.getName(), gather);
                MulOp product = new MulOp();
                product.setSameDiff(copy);
                product.setOwnName(operation.getName());
                operation.setOp(product);
            }
        }
        return gathers;
    }

    /** Puts the gathers and their gradients in the place of the stand-ins. */
    void restore(SameDiff gradientGraph) {
        GraphRewriter rewriter = new GraphRewriter(gradientGraph, List.of());
        originals.forEach((name, gather) -> {
            SameDiffOp forward = Graphs.operation(gradientGraph, name);
            List<String> inputs = forward.getInputsToOp();
            restoreGradient(rewriter, forward, gather);
            rewriter.replace(forward, gather, inputs, forward.getOutputsOfOp());
        });
    }

    private static void restoreGradient(GraphRewriter rewriter, SameDiffOp forward, DynamicCustomOp gather) {
        SDVariable result =
                rewriter.graph().getVariable(forward.getOutputsOfOp().get(0));
        if (!result.hasGradient()) {
            return;
        }
        List<String> inputs = List.of(
                forward.getInputsToOp().get(0),
                forward.getInputsToOp().get(1),
                result.getGradient().name());
        for (String reader : Graphs.readers(rewriter.graph(), inputs.get(2))) {
            SameDiffOp gradient = Graphs.operation(rewriter.graph(), reader);
            if (gradient.getOp() instanceof MulBpOp && gradient.getInputsToOp().equals(inputs)) {
                rewriter.replace(
                        gradient,
                        new GatherGradOp(axis(rewriter.graph(), forward, gather)),
                        inputs,
                        List.of(gradient.getOutputsOfOp().get(0)));
            }
        }
    }

    private static int axis(SameDiff graph, SameDiffOp forward, DynamicCustomOp gather) {
        List<String> inputs = forward.getInputsToOp();
        if (gather.opName().equals("embedding_lookup")) {
            return 0;
        }
        if (inputs.size() == 3) {
            SDVariable axis = graph.getVariable(inputs.get(2));
            if (!Graphs.isStored(axis)) {
                throw new IllegalStateException("The axis of gather '" + forward.getName() + "' is computed by '"
                        + axis.name() + "'; a gather can be trained through only if its axis is a constant.");
            }
            return axis.getArr().getInt(0);
        }
        return gather.numIArguments() > 0 ? gather.getIArgument(0).intValue() : 0;
    }
}
