package dev.loraplus.samediff;

import dev.loraplus.optim.Assignment;
import dev.loraplus.optim.GradientClip;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.ParameterGroups;
import dev.loraplus.optim.Schedule;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
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
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Trains the adapter of a SameDiff graph by LoRA+: any optimizer with B at lambda times the rate of A (arXiv 2402.12354 &sect;4).
 *
 * <p>A step computes all gradients in one long-lived session, clips them by their global norm, and only then updates.
 * The parameters of the graph change in place; its TrainingConfig and its updater state are never touched. Not
 * thread-safe; one trainer at a time for a graph.
 *
 * @since 0.1.0
 */
public final class LoraTrainer implements AutoCloseable {
    private final AdaptedGraph adapted;
    private final ParameterGroups groups;
    private final Optimizer optimizer;
    private final Schedule schedule;
    private final @Nullable GradientClip clip;
    private final double eta;
    private final List<String> features;
    private final List<String> labels;
    private final List<Listener> listeners;
    private final boolean progress;
    private final long maxSteps;
    private final @Nullable Path folder;
    private final long saveEvery;
    private final TrainingGraph training;
    private final LoraSession session;
    private long step;
    private int epoch;

    private LoraTrainer(LoraTrainerBuilder builder) {
        adapted = builder.adapted;
        adapted.requireActive("train");
        eta = builder.eta;
        groups = ParameterGroups.of(
                adapted.parameters(),
                adapted.rates(eta).withGrouping(builder.grouping).withWeightDecay(builder.weightDecay));
        optimizer = builder.optimizer;
        schedule = builder.schedule;
        clip = builder.maxGradientNorm > 0 ? new GradientClip(builder.maxGradientNorm) : null;
        features = List.copyOf(builder.features);
        labels = List.copyOf(builder.labels);
        listeners = List.copyOf(builder.listeners);
        progress = builder.progress;
        maxSteps = builder.maxSteps;
        folder = builder.folder;
        saveEvery = builder.saveEvery;
        training = TrainingGraph.of(adapted, builder.kernels);
        session = new LoraSession(training.gradientGraph());
        adapted.note("eta", Double.toString(eta));
    }

    static LoraTrainer of(LoraTrainerBuilder builder) {
        return new LoraTrainer(builder);
    }

    /** Starts the settings of a trainer; only {@code eta}, the learning rate of A, has no default. */
    public static LoraTrainerBuilder builder(AdaptedGraph adapted) {
        return new LoraTrainerBuilder(adapted);
    }

    /** Returns every trained parameter with its group, peak learning rate and weight decay. */
    public ParameterGroups groups() {
        return groups;
    }

    /** Returns how many steps this trainer has taken. */
    public long steps() {
        return step;
    }

    /**
     * Trains for {@code epochs} passes over the data, or until the maximum of steps.
     *
     * @throws DivergenceException if a loss or gradient is not finite; the step is not taken
     */
    public TrainingResult fit(DataSetIterator data, int epochs) {
        return fit(new MultiDataSetIteratorAdapter(data), epochs);
    }

    /**
     * Trains for {@code epochs} passes over the data, or until the maximum of steps.
     *
     * @throws DivergenceException if a loss or gradient is not finite; the step is not taken
     */
    public TrainingResult fit(MultiDataSetIterator data, int epochs) {
        if (epochs < 1) {
            throw new IllegalArgumentException("epochs must be at least 1, got " + epochs + ".");
        }
        adapted.requireActive("train");
        BatchMapping mapping = BatchMapping.of(adapted.graph(), features, labels);
        TrainingListeners calls = new TrainingListeners(adapted.graph(), listeners);
        List<Double> losses = new ArrayList<>();
        LossCurve curve = null;
        calls.operationStart();
        try (Progress shown = new Progress(progress, maxSteps, adapted.config().lambda())) {
            for (int i = 0; i < epochs && step < maxSteps; i++) {
                long before = System.currentTimeMillis();
                calls.epochStart(at(step));
                Loss mean = epoch(data, mapping, calls, shown, losses);
                curve = curve == null
                        ? new LossCurve(mean.getLosses(), mean.getLossNames())
                        : curve.addLossAndCopy(mean);
                boolean stop = calls.epochEnd(at(step - 1), curve, System.currentTimeMillis() - before);
                epoch++;
                saveIfWanted();
                if (stop) {
                    break;
                }
            }
            calls.operationEnd();
            return new TrainingResult(shown.steps(), losses, shown.examples(), shown.seconds());
        }
    }

    /**
     * Takes one step with the placeholders' arrays.
     *
     * @return the total loss before the update
     * @throws DivergenceException if a loss or gradient is not finite; the step is not taken
     */
    public double step(Map<String, INDArray> placeholders) {
        adapted.requireActive("train");
        return total(take(placeholders, null, new TrainingListeners(adapted.graph(), List.of())));
    }

    /** Returns the gradient of the loss with respect to each trained parameter, by name; nothing is changed. */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders) {
        Map<String, INDArray> values =
                compute(placeholders, List.copyOf(training.gradients().values()), null, null, true);
        return own(values);
    }

    /**
     * Computes outputs of the adapted graph as for inference, with this trainer's session and kernels.
     *
     * @param placeholders what the outputs depend on
     * @param outputs names of variables of the graph
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, String... outputs) {
        return compute(placeholders, List.of(outputs), null, null, false);
    }

    /** Frees the arrays that the session keeps for its next step. */
    @Override
    public void close() {
        session.getMmgr().close();
    }

    LoraSession session() {
        return session;
    }

    private Loss epoch(
            MultiDataSetIterator data,
            BatchMapping mapping,
            TrainingListeners calls,
            Progress shown,
            List<Double> losses) {
        if (!data.hasNext() && data.resetSupported()) {
            data.reset();
        }
        double[] sums = new double[training.losses().size()];
        int count = 0;
        while (step < maxSteps && data.hasNext()) {
            long loading = System.currentTimeMillis();
            MultiDataSet batch = data.next();
            At at = at(step);
            calls.iterationStart(at, batch, System.currentTimeMillis() - loading);
            double rate = eta * schedule.factor(step);
            double[] loss = take(mapping.placeholders(batch), batch, calls);
            calls.iterationDone(at, batch, new Loss(training.losses(), loss));
            for (int i = 0; i < sums.length; i++) {
                sums[i] += loss[i];
            }
            count++;
            losses.add(total(loss));
            shown.step(total(loss), rate, BatchMapping.examples(batch));
            if (saveEvery > 0 && step % saveEvery == 0) {
                saveIfWanted();
            }
        }
        if (count == 0) {
            throw new IllegalArgumentException("The data iterator gave no batch; training needs at least one.");
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= count;
        }
        return new Loss(training.losses(), sums);
    }

    private double[] take(Map<String, INDArray> placeholders, @Nullable MultiDataSet batch, TrainingListeners calls) {
        List<String> wanted = new ArrayList<>(training.gradients().values());
        wanted.addAll(training.losses());
        calls.requiredVariables().stream()
                .filter(name -> !wanted.contains(name))
                .forEach(wanted::add);
        Map<String, INDArray> values = compute(placeholders, wanted, batch, calls.forOperations(), true);
        double[] losses = training.losses().stream()
                .mapToDouble(name -> value(values, name).sumNumber().doubleValue())
                .toArray();
        Map<String, INDArray> gradients = own(values);
        double norm = clip == null ? GradientClip.norm(gradients.values()) : clip.clip(gradients.values());
        if (!Double.isFinite(total(losses)) || !Double.isFinite(norm)) {
            throw Divergence.at(step, training.losses(), losses, gradients, eta, folder);
        }
        update(gradients, calls);
        step++;
        return losses;
    }

    private void update(Map<String, INDArray> gradients, TrainingListeners calls) {
        double factor = schedule.factor(step);
        List<Listener> watching = calls.forUpdates();
        gradients.forEach((name, gradient) -> {
            Assignment assignment = groups.of(name);
            INDArray value = adapted.value(name);
            INDArray before = watching.isEmpty() ? null : value.dup();
            optimizer.update(name, value, gradient, step, assignment.rate() * factor, assignment.decay());
            if (before != null) {
                INDArray change = before.sub(value);
                value.assign(before);
                calls.preUpdate(watching, at(step), name, change);
                value.subi(change);
            }
        });
    }

    /** Returns the gradients by parameter, each in an array that no other parameter shares. */
    private Map<String, INDArray> own(Map<String, INDArray> values) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        Set<INDArray> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        training.gradients().forEach((parameter, gradient) -> {
            INDArray array = value(values, gradient);
            gradients.put(parameter, seen.add(array) ? array : array.dup());
        });
        return gradients;
    }

    private Map<String, INDArray> compute(
            Map<String, INDArray> placeholders,
            List<String> wanted,
            @Nullable MultiDataSet batch,
            @Nullable List<Listener> operationListeners,
            boolean drop) {
        for (DropoutMask mask : training.masks()) {
            if (drop) {
                mask.train(step);
            } else {
                mask.pass();
            }
        }
        return session.compute(wanted, placeholders, batch, operationListeners, at(step));
    }

    private void saveIfWanted() {
        if (folder != null) {
            try {
                adapted.save(folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private At at(long iteration) {
        return At.builder()
                .epoch(epoch)
                .iteration(Math.toIntExact(iteration))
                .javaThreadNum(Thread.currentThread().getId())
                .operation(Operation.TRAINING)
                .build();
    }

    private static INDArray value(Map<String, INDArray> values, String name) {
        return Objects.requireNonNull(values.get(name), name);
    }

    private static double total(double[] losses) {
        double sum = 0;
        for (double loss : losses) {
            sum += loss;
        }
        return sum;
    }
}
