package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.surgery.Graphs;
import java.util.List;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.MmulBp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.MulOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.bp.AddBpOp;
import org.nd4j.linalg.api.ops.impl.transforms.pairwise.arithmetic.bp.MulBpOp;

/**
 * Rewrites a gradient graph so that it computes the wanted gradients only, with standard operations.
 *
 * <p>SameDiff's backward operations compute the gradients of all their inputs. Where only one is wanted, as for a frozen
 * weight, a frozen bias or a mask, the half that nobody reads goes; gradients that pass through a sum are not copied.
 */
final class GradientGraphOptimizer {
    private final GraphRewriter rewriter;

    private GradientGraphOptimizer(GraphRewriter rewriter) {
        this.rewriter = rewriter;
    }

    static void run(GraphRewriter rewriter) {
        GradientGraphOptimizer optimizer = new GradientGraphOptimizer(rewriter);
        for (SameDiffOp operation : rewriter.liveOperations()) {
            if (operation.getOp() instanceof MmulBp) {
                optimizer.matmul(operation);
            } else if (operation.getOp() instanceof AddBpOp) {
                optimizer.add(operation);
            } else if (operation.getOp() instanceof MulBpOp) {
                optimizer.multiply(operation);
            }
        }
    }

    /** One half of matmul_bp(x, y, dz) is one matrix multiplication: for z = op(x)&middot;op(y). */
    private void matmul(SameDiffOp operation) {
        DynamicCustomOp op = (DynamicCustomOp) operation.getOp();
        boolean transposeX = Graphs.flag(op, 0);
        boolean transposeY = Graphs.flag(op, 1);
        List<String> outputs = operation.getOutputsOfOp();
        boolean wantsX = rewriter.isLive(outputs.get(0));
        boolean wantsY = rewriter.isLive(outputs.get(1));
        if (Graphs.flag(op, 2) || wantsX == wantsY || !isMatrix(operation.getInputsToOp())) {
            return;
        }
        String x = operation.getInputsToOp().get(0);
        String y = operation.getInputsToOp().get(1);
        String dz = operation.getInputsToOp().get(2);
        if (wantsX) {
            boolean swap = transposeX;
            rewriter.replace(
                    operation,
                    swap ? mmul(transposeY, true) : mmul(false, !transposeY),
                    swap ? List.of(y, dz) : List.of(dz, y),
                    List.of(outputs.get(0)));
        } else {
            boolean swap = transposeY;
            rewriter.replace(
                    operation,
                    swap ? mmul(true, transposeX) : mmul(!transposeX, false),
                    swap ? List.of(dz, x) : List.of(x, dz),
                    List.of(outputs.get(1)));
        }
    }

    /** A stored factor of rank 2 makes the others matrices too: ND4J multiplies arrays of equal rank, or vectors. */
    private boolean isMatrix(List<String> inputs) {
        return inputs.stream()
                .limit(2)
                .map(rewriter.graph()::getVariable)
                .anyMatch(v -> Graphs.isStored(v) && v.getArr().rank() == 2);
    }

    private void add(SameDiffOp operation) {
        List<String> inputs = operation.getInputsToOp();
        List<String> outputs = operation.getOutputsOfOp();
        String dz = inputs.get(2);
        boolean wantsX = rewriter.isLive(outputs.get(0));
        boolean wantsY = rewriter.isLive(outputs.get(1));
        if (wantsX) {
            rewriter.replace(operation, new BroadcastGradient(), List.of(inputs.get(0), dz), List.of(outputs.get(0)));
        }
        if (wantsX && wantsY) {
            rewriter.insert(
                    operation.getName() + "/y", new BroadcastGradient(), List.of(inputs.get(1), dz), outputs.get(1));
        } else if (wantsY) {
            rewriter.replace(operation, new BroadcastGradient(), List.of(inputs.get(1), dz), List.of(outputs.get(1)));
        }
    }

    /** Where y is frozen, dx = dz&middot;y, summed over what was broadcast in x. */
    private void multiply(SameDiffOp operation) {
        List<String> inputs = operation.getInputsToOp();
        List<String> outputs = operation.getOutputsOfOp();
        boolean wantsX = rewriter.isLive(outputs.get(0));
        boolean wantsY = rewriter.isLive(outputs.get(1));
        if (wantsX == wantsY) {
            return;
        }
        int kept = wantsX ? 0 : 1;
        String output = outputs.get(kept);
        String product = rewriter.newVariable(
                output + "/unreduced", rewriter.graph().getVariable(output).dataType());
        rewriter.replace(operation, new MulOp(), List.of(inputs.get(2), inputs.get(1 - kept)), List.of(product));
        rewriter.insert(
                operation.getName() + "/reduced", new BroadcastGradient(), List.of(inputs.get(kept), product), output);
    }

    private static Mmul mmul(boolean transposeLeft, boolean transposeRight) {
        Mmul mmul = new Mmul();
        mmul.addIArgument(transposeLeft ? 1 : 0, transposeRight ? 1 : 0, 0);
        mmul.addTArgument(1.0, 0.0);
        mmul.configureFromArguments();
        return mmul;
    }
}
