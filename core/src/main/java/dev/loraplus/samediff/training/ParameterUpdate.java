package dev.loraplus.samediff.training;

import dev.loraplus.optim.Assignment;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.ParameterGroups;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Moves every trained parameter of a graph by its gradient, at the rate and decay of its group. */
final class ParameterUpdate {
    private final AdaptedGraph adapted;
    private final ParameterGroups groups;
    private final Optimizer optimizer;
    private final Schedule schedule;

    ParameterUpdate(AdaptedGraph adapted, ParameterGroups groups, Optimizer optimizer, Schedule schedule) {
        this.adapted = adapted;
        this.groups = groups;
        this.optimizer = optimizer;
        this.schedule = schedule;
    }

    /**
     * Takes the step that {@code at} names.
     *
     * @param gradients by name of the parameter; overwritten
     * @param measured whether the norms are wanted, which cost a copy of each parameter
     * @return the Euclidean norm of the change by group, weight decay included; empty if not measured
     */
    Map<String, Double> apply(Map<String, INDArray> gradients, TrainingListeners calls, At at, boolean measured) {
        double factor = schedule.factor(at.iteration());
        List<Listener> watching = calls.forUpdates();
        boolean compared = measured || !watching.isEmpty();
        Map<String, Double> squares = new LinkedHashMap<>();
        gradients.forEach((name, gradient) -> {
            Assignment assignment = groups.of(name);
            INDArray value = TrainingAccess.value(adapted, name);
            INDArray before = compared ? value.dup() : null;
            optimizer.update(name, value, gradient, at.iteration(), assignment.rate() * factor, assignment.decay());
            if (before != null) {
                INDArray change = before.sub(value);
                double norm = change.norm2Number().doubleValue();
                squares.merge(assignment.group(), norm * norm, Double::sum);
                show(watching, calls, at, name, value, before, change);
            }
        });
        squares.replaceAll((group, square) -> Math.sqrt(square));
        return measured ? squares : Map.of();
    }

    /** Lets listeners see, and alter, the change before it is made, as SameDiff's own training does. */
    private static void show(
            List<Listener> watching,
            TrainingListeners calls,
            At at,
            String name,
            INDArray value,
            INDArray before,
            INDArray change) {
        if (!watching.isEmpty()) {
            value.assign(before);
            calls.preUpdate(watching, at, name, change);
            value.subi(change);
        }
    }
}
