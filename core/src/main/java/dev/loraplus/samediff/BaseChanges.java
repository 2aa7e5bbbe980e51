package dev.loraplus.samediff;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Keeps what the arrays of a base held before an adapter changed them: what it trains, and what it starts from. */
final class BaseChanges {
    private final SameDiff graph;
    private final Set<String> weights;
    private final Map<String, INDArray> others = new LinkedHashMap<>();
    private boolean swapped;

    private BaseChanges(SameDiff graph, Set<String> weights) {
        this.graph = graph;
        this.weights = weights;
    }

    /** Keeps the values of {@code trained}, and gives weights the values that the adapter starts from. */
    static BaseChanges of(SameDiff graph, Set<String> trained, Map<String, INDArray> bases) {
        BaseChanges changes = new BaseChanges(graph, bases.keySet());
        trained.forEach(name -> changes.others.put(name, changes.live(name).dup()));
        bases.forEach((name, value) -> {
            changes.others.put(name, changes.live(name).dup());
            changes.live(name).assign(value);
        });
        return changes;
    }

    /** Exchanges the original values and those with the adapter. */
    void swap() {
        swapped = !swapped;
        others.replaceAll((name, other) -> {
            INDArray stash = live(name).dup();
            live(name).assign(other);
            return stash;
        });
    }

    /** Gives all arrays their original values back. */
    void undo() {
        if (!swapped) {
            swap();
        }
    }

    /** Returns the frozen weights as they were, by name. */
    Map<String, INDArray> originalWeights() {
        Map<String, INDArray> originals = new LinkedHashMap<>();
        weights.forEach(name -> originals.put(name, swapped ? live(name) : others.getOrDefault(name, live(name))));
        return originals;
    }

    /** Returns the frozen weights that the adapter computes with, by name, where the graph holds the original ones. */
    Map<String, INDArray> frozenWeights() {
        Map<String, INDArray> frozen = new LinkedHashMap<>(others);
        frozen.keySet().retainAll(swapped ? weights : Set.of());
        return frozen;
    }

    private INDArray live(String name) {
        return graph.getVariable(name).getArr();
    }
}
