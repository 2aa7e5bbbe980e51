package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.surgery.Graphs;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.MmulBp;

/**
 * Refuses to train through operations for which ND4J 1.0.0-M2.1 computes a wrong gradient without a word.
 *
 * <p>Found by finite differences; the tests hold both that these are wrong and that the others are right.
 */
final class WrongGradients {
    private static final Map<String, String> BACKWARD = Map.of("lstmLayer_bp", "lstmLayer", "gru_bp", "gru");

    private WrongGradients() {}

    /**
     * Checks the operations that the wanted gradients depend on.
     *
     * @throws IllegalStateException if one of them is known to be wrong; the message names the operations
     */
    static void refuse(GraphRewriter rewriter) {
        Set<String> wrong = new TreeSet<>();
        for (SameDiffOp operation : rewriter.liveOperations()) {
            String forward = BACKWARD.get(operation.getOp().opName());
            if (forward != null) {
                wrong.add(forward + " (operation '" + operation.getName() + "')");
            } else if (operation.getOp() instanceof MmulBp && isOfScaledProduct(rewriter, operation)) {
                wrong.add("matmul with alpha other than 1, on "
                        + operation.getInputsToOp().subList(0, 2));
            }
        }
        if (!wrong.isEmpty()) {
            throw new IllegalStateException("Cannot train through " + String.join(", ", wrong)
                    + ": ND4J 1.0.0-M2.1 computes a wrong gradient for it. Adapt weights between it and the loss only, or"
                    + " build that part of the graph from other operations.");
        }
    }

    /** The backward operation does not hold the factor of its product, so it is lost. */
    private static boolean isOfScaledProduct(GraphRewriter rewriter, SameDiffOp backward) {
        return Graphs.readers(rewriter.graph(), backward.getInputsToOp().get(0)).stream()
                .map(reader -> Graphs.operation(rewriter.graph(), reader))
                .filter(reader ->
                        reader.getInputsToOp().equals(backward.getInputsToOp().subList(0, 2)))
                .anyMatch(reader -> reader.getOp() instanceof Mmul product
                        && product.numTArguments() > 0
                        && product.getTArgument(0) != 1);
    }
}
