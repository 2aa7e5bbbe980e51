package dev.loraplus.samediff.gradient;

import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import dev.loraplus.samediff.TrainingAccess.BranchInput;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.array.SingleThreadArrayHolder;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/**
 * A private copy of an adapted graph, differentiated and rewritten for speed; it shares all arrays with the user's graph,
 * is never saved, and leaves the user's graph and TrainingConfig alone.
 */
final class TrainingGraph {
    private final SameDiff gradientGraph;
    private final Map<String, String> gradients;
    private final List<String> losses;
    private final List<DropoutMask> masks;

    private TrainingGraph(
            SameDiff gradientGraph, Map<String, String> gradients, List<String> losses, List<DropoutMask> masks) {
        this.gradientGraph = gradientGraph;
        this.gradients = gradients;
        this.losses = losses;
        this.masks = masks;
    }

    /**
     * Copies, differentiates and rewrites the graph of an adapter.
     *
     * @param kernels whether Java kernels take the place of slow operations
     * @throws IllegalStateException if no loss is marked, or a trained parameter does not reach the loss
     */
    static TrainingGraph of(AdaptedGraph adapted, boolean kernels) {
        SameDiff copy = copyOf(adapted.graph());
        Map<String, String> maskInputs = insertMasks(copy, adapted);
        HeldLengths lengths = HeldLengths.cut(copy, adapted);
        List<String> losses = Graphs.losses(adapted.graph());
        SameDiff gradientGraph = differentiate(copy, losses);
        Map<String, String> gradients = gradientNames(gradientGraph, adapted);
        List<DropoutMask> masks = fillMasks(gradientGraph, adapted, maskInputs);
        lengths.restore(gradientGraph);
        Set<String> wanted = new LinkedHashSet<>(gradients.values());
        wanted.addAll(losses);
        rewrite(gradientGraph, wanted, copy.getOps().keySet(), kernels);
        return new TrainingGraph(gradientGraph, gradients, losses, masks);
    }

    SameDiff gradientGraph() {
        return gradientGraph;
    }

    /** Returns the name of each trained parameter's gradient, by the parameter's name. */
    Map<String, String> gradients() {
        return gradients;
    }

    List<String> losses() {
        return losses;
    }

    List<DropoutMask> masks() {
        return masks;
    }

    private static void rewrite(SameDiff graph, Set<String> wanted, Set<String> forward, boolean kernels) {
        GraphRewriter differentiated = new GraphRewriter(graph, wanted);
        WrongGradients.refuse(differentiated);
        GradientGraphOptimizer.run(differentiated);
        GraphRewriter rewriter = new GraphRewriter(graph, wanted);
        if (kernels) {
            KernelInsertion.run(rewriter);
        }
        rewriter.sweep(forward);
    }

    /** Copies operations and variables; arrays are shared, sessions and functions are not. */
    private static SameDiff copyOf(SameDiff graph) {
        SameDiff copy = SameDiff.create();
        copy.setArrayHolders(new SingleThreadArrayHolder(), new SingleThreadArrayHolder(), false);
        graph.invokeGraphOn(copy);
        adopt(graph);
        adopt(copy);
        return copy;
    }

    /** Makes a graph the owner of all that it holds: copying leaves some of it with the other graph. */
    private static void adopt(SameDiff graph) {
        graph.variables().forEach(variable -> variable.setSameDiff(graph));
        for (SameDiffOp operation : graph.getOps().values()) {
            DifferentialFunction op = operation.getOp();
            op.setSameDiff(graph);
        }
    }

    /** Differentiates the sum of the losses over all their elements; stock SameDiff is right for scalars only. */
    private static SameDiff differentiate(SameDiff copy, List<String> losses) {
        copy.setLossVariables(losses.stream()
                .map(loss ->
                        copy.getVariable(loss).sum("loraplus/total/" + loss).name())
                .toArray(String[]::new));
        GatherGradients gathers = GatherGradients.standIn(copy);
        try {
            Quiet.run(copy::createGradFunction);
        } catch (UnsupportedOperationException e) {
            throw new IllegalStateException(
                    "The graph cannot be trained: ND4J has no gradient for an operation between a trained parameter and"
                            + " the loss (" + e.getMessage() + "). Replace it, or exclude the targets before it.",
                    e);
        }
        SameDiff gradientGraph = copy.getFunction("grad");
        gathers.restore(gradientGraph);
        return gradientGraph;
    }

    private static Map<String, String> gradientNames(SameDiff gradientGraph, AdaptedGraph adapted) {
        Map<String, String> gradients = new LinkedHashMap<>();
        List<String> unreached = new ArrayList<>();
        for (TrainedParameter parameter : adapted.parameters()) {
            SDVariable variable = gradientGraph.getVariable(parameter.name());
            if (variable == null || !variable.hasGradient()) {
                unreached.add(parameter.name());
            } else {
                gradients.put(parameter.name(), variable.getGradient().name());
            }
        }
        if (!unreached.isEmpty()) {
            throw new IllegalStateException("The loss " + adapted.graph().getLossVariables() + " does not depend on "
                    + unreached + "; exclude these targets or modules to save, or mark the right loss.");
        }
        return gradients;
    }

    /** Puts a mask on the input of each branch; returns the input of each mask, by the mask's name. */
    private static Map<String, String> insertMasks(SameDiff copy, AdaptedGraph adapted) {
        Map<String, String> inputs = new LinkedHashMap<>();
        if (adapted.config().dropout() == 0) {
            return inputs;
        }
        GraphEdit edit = new GraphEdit(copy);
        for (BranchInput branch : TrainingAccess.branchInputs(adapted)) {
            SameDiffOp first = Objects.requireNonNull(Graphs.producer(copy, branch.product()));
            SDVariable x = copy.getVariable(first.getInputsToOp().get(branch.input()));
            String name = branch.product() + ".mask";
            SDVariable mask = copy.placeHolder(name, x.dataType(), -1, -1);
            edit.replaceInput(first, x, edit.product(name + "ed", x, mask));
            inputs.put(name, x.name());
        }
        return inputs;
    }

    /** Turns the masks' placeholders into values that the graph draws itself, in the shape of their inputs. */
    private static List<DropoutMask> fillMasks(
            SameDiff gradientGraph, AdaptedGraph adapted, Map<String, String> maskInputs) {
        GraphRewriter rewriter = new GraphRewriter(gradientGraph, List.of());
        List<DropoutMask> masks = new ArrayList<>();
        maskInputs.forEach((name, input) -> {
            DropoutMask mask = new DropoutMask(
                    name, adapted.config().dropout(), adapted.config().seed());
            gradientGraph.getVariable(name).setVariableType(VariableType.ARRAY);
            rewriter.insert(name + "/draw", mask, List.of(input), name);
            masks.add(mask);
        });
        return masks;
    }
}
