package dev.loraplus.samediff;

import dev.loraplus.samediff.surgery.GraphEdit;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.controlflow.compat.StopGradient;

/** Adds W + scaling &middot; A &middot; B to a graph, once for all uses that need it. */
final class EffectiveWeight {
    private final SameDiff graph;
    private final GraphEdit edit;
    private final AdaptableWeight weight;
    private final SDVariable a;
    private final SDVariable b;
    private final double scaling;
    private @Nullable SDVariable sum;
    private @Nullable SDVariable result;

    EffectiveWeight(
            SameDiff graph, GraphEdit edit, AdaptableWeight weight, SDVariable a, SDVariable b, double scaling) {
        this.graph = graph;
        this.edit = edit;
        this.weight = weight;
        this.a = a;
        this.b = b;
        this.scaling = scaling;
    }

    /**
     * Adds DoRA's factor of each output, {@code [nOut]}: its magnitude by the length of its part of the weight, through
     * which no gradient flows (arXiv 2402.09353 &sect;4.3).
     */
    SDVariable gain(SDVariable magnitude) {
        String name = weight.name();
        MatrixView view = weight.view();
        SDVariable length = edit.added(length(name), sum().norm2(view.inputAxes()));
        SDVariable held = edit.added(name + ".lora_held", new StopGradient(graph, length).outputVariable());
        if (view.outputAxes() > 1) {
            held = edit.reshaped(name + ".lora_flat", held, new long[] {view.nOut()});
        }
        return edit.added(name + ".lora_gain", magnitude.div(held));
    }

    /** Returns the name of the lengths of a weight's outputs. */
    static String length(String weight) {
        return weight + ".lora_length";
    }

    /** Returns the weight in its stored shape, with every output times its gain if there is one. */
    SDVariable withGain(@Nullable SDVariable gain) {
        if (result == null) {
            result = gain == null
                    ? sum()
                    : edit.product(
                            weight.name() + ".lora_V",
                            sum(),
                            edit.reshaped(
                                    weight.name() + ".lora_gains",
                                    gain,
                                    weight.view().outputShape()));
        }
        return result;
    }

    private SDVariable sum() {
        if (sum == null) {
            sum = edit.sum(weight.name() + ".lora_W", graph.getVariable(weight.name()), delta());
        }
        return sum;
    }

    private SDVariable delta() {
        String name = weight.name();
        MatrixView view = weight.view();
        SDVariable product = view.outputFirst()
                ? edit.mmul(name + ".lora_AB", b, true, a, true)
                : edit.mmul(name + ".lora_AB", a, false, b, false);
        SDVariable scaled = edit.scaled(name + ".lora_delta", product, scaling);
        return view.isMatrix() ? scaled : edit.reshaped(name + ".lora_shaped", scaled, view.shape());
    }
}
