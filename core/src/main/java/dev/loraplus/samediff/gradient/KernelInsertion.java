package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.kernel.GeluOp;
import dev.loraplus.samediff.kernel.LayerNormGradOp;
import dev.loraplus.samediff.kernel.LayerNormOp;
import dev.loraplus.samediff.kernel.MultiplyOp;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNorm;
import org.nd4j.linalg.api.ops.impl.transforms.custom.LayerNormBp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;

/** Puts Java kernels in the place of what ND4J's CPU backend does slowly: layer normalisation and the exact GELU. */
final class KernelInsertion {
    private final GraphRewriter rewriter;

    private KernelInsertion(GraphRewriter rewriter) {
        this.rewriter = rewriter;
    }

    static void run(GraphRewriter rewriter) {
        KernelInsertion insertion = new KernelInsertion(rewriter);
        for (SameDiffOp operation : rewriter.liveOperations()) {
            if (operation.getOp() instanceof LayerNorm norm) {
                insertion.layerNorm(operation, norm);
            } else if (operation.getOp() instanceof LayerNormBp gradient) {
                insertion.layerNormGradient(operation, gradient);
            } else if (operation.getOp() instanceof Erf) {
                GeluRegion.around(rewriter, operation).ifPresent(insertion::gelu);
            }
        }
    }

    private void layerNorm(SameDiffOp operation, LayerNorm norm) {
        if (isPlain(norm)) {
            int dimension = norm.getIArgument(0).intValue();
            rewriter.replace(
                    operation, new LayerNormOp(dimension), operation.getInputsToOp(), operation.getOutputsOfOp());
        }
    }

    /** With gain and bias frozen only the input's gradient is wanted. */
    private void layerNormGradient(SameDiffOp operation, LayerNormBp gradient) {
        List<String> inputs = operation.getInputsToOp();
        List<String> outputs = operation.getOutputsOfOp();
        boolean parametersFrozen = outputs.stream().skip(1).noneMatch(rewriter::isLive);
        if (isPlain(gradient) && parametersFrozen && rewriter.isLive(outputs.get(0))) {
            int dimension = gradient.getIArgument(0).intValue();
            rewriter.replace(
                    operation,
                    new LayerNormGradOp(dimension),
                    List.of(inputs.get(0), inputs.get(1), inputs.get(inputs.size() - 1)),
                    List.of(outputs.get(0)));
        }
    }

    /** One dimension, and channels last. */
    private static boolean isPlain(DynamicCustomOp op) {
        return op.numIArguments() == 1 && !(op.numBArguments() > 0 && op.getBArgument(0));
    }

    private void gelu(GeluRegion region) {
        SDVariable x = rewriter.graph().getVariable(region.input());
        SDVariable y = rewriter.graph().getVariable(region.output());
        SameDiffOp place = Graphs.producer(rewriter.graph(), region.output());
        SameDiffOp gradient = x.hasGradient()
                ? Graphs.producer(rewriter.graph(), x.getGradient().name())
                : null;
        if (place == null || (gradient != null && gradient.getOutputsOfOp().size() != 1)) {
            return;
        }
        if (gradient == null || !rewriter.isLive(x.getGradient().name())) {
            rewriter.replace(place, new GeluOp(false), List.of(region.input()), List.of(region.output()));
            return;
        }
        String derivative = rewriter.newVariable(region.output() + "/derivative", x.dataType());
        rewriter.replace(place, new GeluOp(true), List.of(region.input()), List.of(region.output(), derivative));
        rewriter.replace(
                gradient,
                new MultiplyOp(),
                List.of(y.getGradient().name(), derivative),
                List.of(x.getGradient().name()));
    }
}
