package dev.loraplus.samediff.training;

import dev.loraplus.samediff.gradient.GradientComputer.Watched;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.ListenerVariables;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Calls SameDiff listeners in the order in which {@code SameDiff.fit} does. */
final class TrainingListeners {
    private static final Set<String> OPERATION_HOOKS = Set.of("preOpExecution", "opExecution", "activationAvailable");

    private final SameDiff graph;
    private final List<Listener> active;

    TrainingListeners(SameDiff graph, List<Listener> added) {
        this.graph = graph;
        Set<Listener> all = new LinkedHashSet<>(graph.getListeners());
        all.addAll(added);
        active = all.stream().filter(l -> l.isActive(Operation.TRAINING)).toList();
    }

    /** Returns the calls of a graph's own listeners, for a step that no fit takes. */
    static TrainingListeners ofGraph(SameDiff graph) {
        return new TrainingListeners(graph, List.of());
    }

    /** Returns what the session has to compute and to call. */
    Watched watched() {
        return new Watched(requiredVariables(), forOperations());
    }

    /** Returns what the session has to call per operation, or null: calling it costs. */
    @Nullable
    List<Listener> forOperations() {
        List<Listener> wanting = wanting(OPERATION_HOOKS);
        return wanting.isEmpty() ? null : wanting;
    }

    List<Listener> forUpdates() {
        return wanting(Set.of("preUpdate"));
    }

    /** Returns the variables that listeners need computed. */
    private List<String> requiredVariables() {
        Set<String> names = new LinkedHashSet<>();
        for (Listener listener : active) {
            ListenerVariables variables = listener.requiredVariables(graph);
            if (variables != null && variables.trainingVariables() != null) {
                names.addAll(variables.trainingVariables());
            }
        }
        return List.copyOf(names);
    }

    void operationStart() {
        active.forEach(l -> l.operationStart(graph, Operation.TRAINING));
    }

    void operationEnd() {
        active.forEach(l -> l.operationEnd(graph, Operation.TRAINING));
    }

    void epochStart(At at) {
        active.forEach(l -> l.epochStart(graph, at));
    }

    void iterationStart(At at, MultiDataSet batch, long etlMillis) {
        active.forEach(l -> l.iterationStart(graph, at, batch, etlMillis));
    }

    void iterationDone(At at, MultiDataSet batch, Loss loss) {
        active.forEach(l -> l.iterationDone(graph, at, batch, loss));
    }

    void preUpdate(List<Listener> listeners, At at, String parameter, INDArray update) {
        listeners.forEach(l -> l.preUpdate(graph, at, graph.getVariables().get(parameter), update));
    }

    /** Returns whether a listener asks to stop. */
    boolean epochEnd(At at, LossCurve curve, long millis) {
        boolean stop = false;
        for (Listener listener : active) {
            stop |= listener.epochEnd(graph, at, curve, millis) == ListenerResponse.STOP;
        }
        return stop;
    }

    private List<Listener> wanting(Set<String> methods) {
        List<Listener> wanting = new ArrayList<>();
        for (Listener listener : active) {
            boolean overrides = Arrays.stream(listener.getClass().getMethods())
                    .anyMatch(m -> methods.contains(m.getName()) && m.getDeclaringClass() != BaseListener.class);
            if (overrides) {
                wanting.add(listener);
            }
        }
        return wanting;
    }
}
