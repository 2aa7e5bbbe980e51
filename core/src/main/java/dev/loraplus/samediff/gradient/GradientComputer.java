package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.AdaptedGraph;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Internal: computes losses and gradients of batches in one session, which keeps its arrays from step to step. Not
 * thread-safe.
 *
 * @since 0.1.0
 */
public final class GradientComputer implements AutoCloseable {
    /**
     * What one batch gave.
     *
     * @param losses one for each marked loss, summed over its elements
     * @param gradients by name of the parameter, each in an array that no other parameter shares
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Computed(double[] losses, Map<String, INDArray> gradients) {
        /** Returns the sum of all losses. */
        public double totalLoss() {
            return total(losses);
        }
    }

    /**
     * What SameDiff listeners want of one batch.
     *
     * @param variables the variables that they need computed
     * @param listeners those to be told of every operation; null if none, since that costs
     */
    public record Watched(List<String> variables, @Nullable List<Listener> listeners) {}

    private final TrainingGraph training;
    private final LoraSession session;

    private GradientComputer(TrainingGraph training) {
        this.training = training;
        session = new LoraSession(training.gradientGraph());
    }

    /**
     * Prepares the gradients of an adapter; the user's graph and its TrainingConfig are left alone.
     *
     * @param kernels whether Java kernels take the place of slow operations
     * @throws IllegalStateException if no loss is marked, or a trained parameter does not reach the loss
     */
    public static GradientComputer of(AdaptedGraph adapted, boolean kernels) {
        return new GradientComputer(TrainingGraph.of(adapted, kernels));
    }

    LoraSession session() {
        return session;
    }

    /** Returns the names of the losses. */
    public List<String> losses() {
        return training.losses();
    }

    /**
     * Computes losses and gradients as for training.
     *
     * @param part which batch of the step it is, counted from 0: dropout differs from batch to batch
     */
    public Computed compute(
            Map<String, INDArray> placeholders, @Nullable MultiDataSet batch, Watched watched, At at, int part) {
        List<String> wanted = new ArrayList<>(training.gradients().values());
        wanted.addAll(training.losses());
        watched.variables().stream().filter(name -> !wanted.contains(name)).forEach(wanted::add);
        training.masks().forEach(mask -> mask.train(at.iteration(), part));
        Map<String, INDArray> values = run(wanted, placeholders, batch, watched.listeners(), at);
        return new Computed(lossesIn(values), own(values));
    }

    /** Returns the marked losses, as for inference. */
    public double[] losses(Map<String, INDArray> placeholders, At at) {
        return lossesIn(output(training.losses(), placeholders, at));
    }

    /** Returns values of variables, as for inference. */
    public Map<String, INDArray> output(List<String> variables, Map<String, INDArray> placeholders, At at) {
        training.masks().forEach(DropoutMask::pass);
        return run(variables, placeholders, null, null, at);
    }

    /** Frees the arrays that the session keeps for its next step. */
    @Override
    public void close() {
        session.getMmgr().close();
    }

    /** Returns the sum of losses. */
    public static double total(double[] losses) {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        return sum;
    }

    private Map<String, INDArray> run(
            List<String> wanted,
            Map<String, INDArray> placeholders,
            @Nullable MultiDataSet batch,
            @Nullable List<Listener> listeners,
            At at) {
        return session.compute(wanted, placeholders, batch, listeners, at);
    }

    private double[] lossesIn(Map<String, INDArray> values) {
        return training.losses().stream()
                .mapToDouble(name -> value(values, name).sumNumber().doubleValue())
                .toArray();
    }

    private Map<String, INDArray> own(Map<String, INDArray> values) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        Set<INDArray> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        training.gradients().forEach((parameter, gradient) -> {
            INDArray array = value(values, gradient);
            gradients.put(parameter, seen.add(array) ? array : array.dup());
        });
        return gradients;
    }

    private static INDArray value(Map<String, INDArray> values, String name) {
        return Objects.requireNonNull(values.get(name), name);
    }
}
