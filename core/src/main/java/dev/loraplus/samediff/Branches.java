package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.samediff.WeightUse.Form;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Adds the low-rank change of each weight to a graph, at every use of the weight, with standard operations only. */
final class Branches {
    /** Comes after the name of a weight, or of an operation's output, in the name of everything that is added. */
    static final String MARK = ".lora_";
    /** Ends the name of a factor on the input side, {@code [nIn, r]}. */
    static final String A = ".lora_A";
    /** Ends the name of a factor on the output side, {@code [r, nOut]}. */
    static final String B = ".lora_B";

    private final SameDiff graph;
    private final GraphEdit edit;
    private final double scaling;

    private Branches(SameDiff graph, GraphEdit edit, double scaling) {
        this.graph = graph;
        this.edit = edit;
        this.scaling = scaling;
    }

    /** Adds all branches and returns the edit that takes them out again. */
    static GraphEdit insert(SameDiff graph, GraphPlan plan, Map<String, Factors> factors, double scaling) {
        GraphEdit edit = new GraphEdit(graph);
        Branches branches = new Branches(graph, edit, scaling);
        for (AdaptableWeight weight : plan.targets()) {
            branches.insert(weight, Objects.requireNonNull(factors.get(weight.name())));
        }
        return edit;
    }

    /** Returns the name of what enters the branch of a use: for {@code BRANCH_RIGHT} and {@code BRANCH_LEFT}. */
    static String firstProduct(String weight, int use) {
        return weight + ".lora_p" + suffix(use);
    }

    private void insert(AdaptableWeight weight, Factors factors) {
        SDVariable a = edit.parameter(weight.name() + A, factors.a());
        SDVariable b = edit.parameter(weight.name() + B, factors.b());
        SDVariable effective = null;
        for (int i = 0; i < weight.uses().size(); i++) {
            WeightUse use = weight.uses().get(i);
            SameDiffOp operation = Graphs.operation(graph, use.operation());
            if (use.form() == Form.EFFECTIVE_WEIGHT) {
                if (effective == null) {
                    effective = effectiveWeight(weight, a, b);
                }
                edit.replaceInput(operation, graph.getVariable(weight.name()), effective);
            } else {
                edit.addToOutput(operation, change(weight, use, i, operation, a, b));
            }
        }
    }

    /**
     * Adds what W's change contributes to an operation: with op(&Delta;W) = A&middot;B or its transpose, x&middot;op(&Delta;W)
     * or op(&Delta;W)&middot;x. The narrow product comes first and carries the scaling.
     */
    private SDVariable change(
            AdaptableWeight weight, WeightUse use, int index, SameDiffOp operation, SDVariable a, SDVariable b) {
        boolean right = use.form() == Form.BRANCH_RIGHT;
        SDVariable x = graph.getVariable(operation.getInputsToOp().get(right ? 0 : 1));
        boolean transposeX = use.kind().equals("matmul") && transposesOther(operation, use.input());
        boolean flipped = use.transposed() != weight.view().outputFirst();
        SDVariable left = flipped ? b : a;
        SDVariable second = flipped ? a : b;
        String first = firstProduct(weight.name(), index);
        String scaled = weight.name() + ".lora_s" + suffix(index);
        String last = weight.name() + ".lora_d" + suffix(index);
        if (right) {
            SDVariable narrow = edit.mmul(first, x, transposeX, left, flipped);
            return edit.mmul(last, edit.scaled(scaled, narrow, scaling), false, second, flipped);
        }
        SDVariable narrow = edit.mmul(first, second, flipped, x, transposeX);
        return edit.mmul(last, left, flipped, edit.scaled(scaled, narrow, scaling), false);
    }

    private static boolean transposesOther(SameDiffOp operation, int input) {
        DynamicCustomOp op = (DynamicCustomOp) operation.getOp();
        return Graphs.flag(op, 1 - input);
    }

    private SDVariable effectiveWeight(AdaptableWeight weight, SDVariable a, SDVariable b) {
        String name = weight.name();
        MatrixView view = weight.view();
        SDVariable product = view.outputFirst()
                ? edit.mmul(name + ".lora_AB", b, true, a, true)
                : edit.mmul(name + ".lora_AB", a, false, b, false);
        SDVariable scaled = edit.scaled(name + ".lora_delta", product, scaling);
        if (!view.isMatrix()) {
            scaled = edit.reshaped(name + ".lora_shaped", scaled, view.shape());
        }
        return edit.sum(name + ".lora_W", graph.getVariable(name), scaled);
    }

    private static String suffix(int use) {
        return use == 0 ? "" : String.valueOf(use + 1);
    }
}
