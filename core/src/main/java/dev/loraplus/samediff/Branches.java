package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.samediff.WeightUse.Form;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** Adds the low-rank change of each weight to a graph, at every use of the weight, with standard operations only. */
final class Branches {
    /** Comes after the name of a weight, or of an operation's output, in the name of everything that is added. */
    static final String MARK = ".lora_";
    /** Ends the name of a factor on the input side, {@code [nIn, r]}. */
    static final String A = ".lora_A";
    /** Ends the name of a factor on the output side, {@code [r, nOut]}. */
    static final String B = ".lora_B";
    /** Ends the name of the bias of B, {@code [nOut]}. */
    static final String BIAS = ".lora_bias";
    /** Ends the name of DoRA's magnitudes, {@code [nOut]}. */
    static final String MAGNITUDE = ".lora_magnitude";

    private final SameDiff graph;
    private final GraphEdit edit;

    private Branches(SameDiff graph, GraphEdit edit) {
        this.graph = graph;
        this.edit = edit;
    }

    /** Adds all branches and returns the edit that takes them out again. */
    static GraphEdit insert(
            SameDiff graph, GraphPlan plan, Map<String, Factors> factors, ToDoubleFunction<String> scalings) {
        GraphEdit edit = new GraphEdit(graph);
        Branches branches = new Branches(graph, edit);
        for (AdaptableWeight weight : plan.targets()) {
            branches.insert(
                    weight, Objects.requireNonNull(factors.get(weight.name())), scalings.applyAsDouble(weight.name()));
        }
        return edit;
    }

    /** Returns the names of the variables that hold the factors of a weight and what goes with them. */
    static List<String> names(String weight, Factors factors) {
        List<String> names = new ArrayList<>(List.of(weight + A, weight + B));
        if (factors.bias() != null) {
            names.add(weight + BIAS);
        }
        if (factors.magnitude() != null) {
            names.add(weight + MAGNITUDE);
        }
        return names;
    }

    /** Returns the name of what enters the branch of a use: for all forms but {@code EFFECTIVE_WEIGHT}. */
    static String firstProduct(String weight, int use) {
        return weight + ".lora_p" + suffix(use);
    }

    static String suffix(int use) {
        return use == 0 ? "" : String.valueOf(use + 1);
    }

    private void insert(AdaptableWeight weight, Factors factors, double scaling) {
        String name = weight.name();
        SDVariable a = edit.parameter(name + A, factors.a());
        SDVariable b = edit.parameter(name + B, factors.b());
        EffectiveWeight effective = new EffectiveWeight(graph, edit, weight, a, b, scaling);
        SDVariable gain = factors.magnitude() == null
                ? null
                : effective.gain(edit.parameter(name + MAGNITUDE, factors.magnitude()));
        SDVariable bias = factors.bias() == null
                ? null
                : edit.scaled(name + ".lora_shift", edit.parameter(name + BIAS, factors.bias()), scaling);
        for (int i = 0; i < weight.uses().size(); i++) {
            WeightUse use = weight.uses().get(i);
            SameDiffOp operation = Graphs.operation(graph, use.operation());
            if (use.form() == Form.EFFECTIVE_WEIGHT) {
                edit.replaceInput(operation, graph.getVariable(name), effective.withGain(gain));
                if (bias != null) {
                    SDVariable shift = shaped(name, i, bias, OutputSide.ofConvolution(operation, weight));
                    edit.changeOutput(operation, own -> own.add(shift));
                }
            } else {
                insert(new Branch(graph, edit, weight, i, operation, scaling), a, b, gain, bias);
            }
        }
    }

    private void insert(
            Branch branch, SDVariable a, SDVariable b, @Nullable SDVariable gain, @Nullable SDVariable bias) {
        edit.changeOutput(branch.operation(), own -> {
            SDVariable change = branch.change(own, a, b);
            if (bias != null) {
                change = edit.sum(
                        branch.name(".lora_c"), change, shaped(branch.weight(), branch.use(), bias, branch.outputs()));
            }
            if (gain == null) {
                return own.add(change);
            }
            SDVariable sum = edit.sum(branch.name(".lora_y"), own, change);
            return sum.mul(shaped(branch.weight() + MAGNITUDE, branch.use(), gain, branch.outputs()));
        });
    }

    /** Shapes one value for each output so that it meets the outputs of an operation; a row meets the last dimension. */
    private SDVariable shaped(String name, int use, SDVariable values, long... shape) {
        return shape.length == 1 ? values : edit.reshaped(name + ".lora_at" + suffix(use), values, shape);
    }
}
