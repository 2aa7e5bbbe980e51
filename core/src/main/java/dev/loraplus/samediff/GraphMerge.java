package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.LowRankDelta;
import dev.loraplus.math.Magnitudes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes what the arrays of a graph hold once its adapter is merged into them; changes nothing. */
final class GraphMerge {
    private final SameDiff graph;
    private final GraphPlan plan;
    private final ToDoubleFunction<String> scalings;

    GraphMerge(SameDiff graph, GraphPlan plan, ToDoubleFunction<String> scalings) {
        this.graph = graph;
        this.plan = plan;
        this.scalings = scalings;
    }

    /**
     * Returns the new values of all weights, and of the biases that take up those of B, by name.
     *
     * @throws ArithmeticException if one would not be finite
     * @throws IllegalStateException if a weight has no bias that could take up the one of its B
     */
    Map<String, INDArray> merged(Map<String, Factors> factors) {
        Map<String, INDArray> merged = new LinkedHashMap<>();
        for (AdaptableWeight weight : plan.targets()) {
            Factors pair = Objects.requireNonNull(factors.get(weight.name()));
            merged.put(weight.name(), weight(weight, pair));
            if (pair.bias() != null) {
                mergeBias(merged, weight, pair.bias());
            }
        }
        return merged;
    }

    private INDArray weight(AdaptableWeight weight, Factors pair) {
        INDArray copy = live(weight.name()).dup('c');
        MatrixView view = weight.view();
        double scaling = scalings.applyAsDouble(weight.name());
        try {
            if (pair.magnitude() == null) {
                LowRankDelta.addTo(view.matrixOf(copy), pair.a(), pair.b(), scaling, view.outputFirst());
            } else {
                Magnitudes.merge(
                        view.matrixOf(copy), pair.a(), pair.b(), scaling, pair.magnitude(), view.outputFirst());
            }
        } catch (IllegalArgumentException e) {
            throw new ArithmeticException("Cannot merge '" + weight.name() + "': " + e.getMessage());
        }
        return copy;
    }

    /** Adds scaling &middot; bias of B to the bias of the module, as PEFT does. */
    private void mergeBias(Map<String, INDArray> merged, AdaptableWeight weight, INDArray bias) {
        String name = plan.biases().get(weight.name());
        if (name == null) {
            throw new IllegalStateException("Cannot merge the bias of B of '" + weight.name()
                    + "': the module has no bias that could take it up; keep the adapter attached.");
        }
        INDArray sum = merged.getOrDefault(name, live(name)).dup();
        merged.put(
                name, sum.addi(bias.mul(scalings.applyAsDouble(weight.name())).reshape(sum.shape())));
    }

    private INDArray live(String name) {
        return graph.getVariable(name).getArr();
    }
}
