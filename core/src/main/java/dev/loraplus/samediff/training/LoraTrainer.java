package dev.loraplus.samediff.training;

import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.ParameterGroups;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import dev.loraplus.samediff.gradient.GradientComputer;
import dev.loraplus.samediff.gradient.GradientComputer.Watched;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Trains the adapter of a SameDiff graph by LoRA+: any optimizer, B at lambda times the rate of A (arXiv 2402.12354
 * &sect;4).
 *
 * <p>A step computes all gradients in one long-lived session, clips them by their global norm, and only then updates.
 * The parameters of the graph change in place; its TrainingConfig and its updater state are never touched. Not
 * thread-safe; one trainer at a time for a graph.
 *
 * @since 0.1.0
 */
public final class LoraTrainer implements AutoCloseable {
    private final AdaptedGraph adapted;
    private final TrainerSettings settings;
    private final ParameterGroups groups;
    private final TrainingState state = new TrainingState();
    private final GradientComputer computer;
    private final TrainingStep step;
    private final FileWrites writes = new FileWrites();
    private final List<TrainingHook> hooks = new ArrayList<>();

    private LoraTrainer(AdaptedGraph adapted, TrainerSettings settings) {
        this.adapted = adapted;
        this.settings = settings;
        TrainingAccess.requireActive(adapted);
        groups = ParameterGroups.of(
                adapted.parameters(),
                TrainingAccess.rates(adapted, settings.eta)
                        .withGrouping(settings.grouping)
                        .withWeightDecay(settings.weightDecay));
        Optimizer optimizer = settings.optimizer;
        computer = GradientComputer.of(adapted, settings.kernels);
        ParameterUpdate update = new ParameterUpdate(adapted, groups, optimizer, settings.schedule);
        step = new TrainingStep(state, update, groups, computer.losses(), settings);
        addHooks(optimizer);
        adapted.note("eta", Double.toString(settings.eta));
    }

    /** Adds what happens between steps; a checkpoint comes last, so that it holds all that the others did. */
    private void addHooks(Optimizer optimizer) {
        Checkpoints checkpoints = null;
        if (settings.checkpoints != null) {
            TrainingRecord record = new TrainingRecord(adapted, optimizer, computer.losses(), settings);
            CheckpointContents contents = new CheckpointContents(adapted, optimizer, state, record);
            checkpoints = Checkpoints.open(settings, contents, state, writes);
        }
        MetricsFile metrics = settings.metrics == null
                ? null
                : MetricsFile.open(settings.metrics, writes, settings.resume, state.step);
        if (metrics != null) {
            hooks.add(metrics);
        }
        settings.stepListeners.forEach(listener -> hooks.add(new ListenerCall(listener)));
        if (settings.metric != null) {
            hooks.add(new Evaluations(state, this::measure, adapted, writes, metrics, settings));
        }
        if (settings.folder != null) {
            hooks.add(new AdapterSaving(adapted, state, writes, settings.folder, settings.saveEvery));
        }
        if (checkpoints != null) {
            hooks.add(checkpoints);
        }
    }

    static LoraTrainer of(AdaptedGraph adapted, TrainerSettings settings) {
        return new LoraTrainer(adapted, settings);
    }

    /** Starts the settings of a trainer; only {@code eta}, the learning rate of A, has no default. */
    public static LoraTrainerBuilder builder(AdaptedGraph adapted) {
        return new LoraTrainerBuilder(adapted);
    }

    /** Returns every trained parameter with its group, peak learning rate and weight decay. */
    public ParameterGroups groups() {
        return groups;
    }

    /** Returns how many steps were taken, those before a checkpoint that was resumed included. */
    public long steps() {
        return state.step;
    }

    /** Returns the best value of the metric so far; empty if none was measured, or all were NaN. */
    public Optional<Best> best() {
        return Optional.ofNullable(state.best);
    }

    /** Trains as {@link #fit(MultiDataSetIterator, int)}. */
    public TrainingResult fit(DataSetIterator data, int epochs) {
        return fit(new MultiDataSetIteratorAdapter(data), epochs);
    }

    /**
     * Trains for {@code epochs} passes over the data, or until the maximum of steps, a listener or early stopping ends
     * it.
     *
     * <p>With {@link LoraTrainerBuilder#resume()}, a program repeats the calls of fit that it made before, with the same
     * data: calls that had ended return at once with what they returned then, and the one that was interrupted goes on
     * in the middle of its epoch. To that end all batches it had taken are taken from the iterator again, without
     * training, and compared by a checksum.
     *
     * @param data reset where it has no next batch; with checkpoints, another process must get the same batches in the
     *     same order from it
     * @param epochs at least 1
     * @return what this call did, before it was interrupted included
     * @throws DivergenceException if a loss or gradient is not finite; the step is not taken
     * @throws IllegalStateException if the adapter is merged, disabled or detached, or the data are not those that a
     *     resumed training had
     * @throws java.io.UncheckedIOException if at the end of the training a file can't be written; the graph holds the
     *     trained parameters
     */
    public TrainingResult fit(MultiDataSetIterator data, int epochs) {
        if (epochs < 1) {
            throw new IllegalArgumentException("epochs must be at least 1, got " + epochs + ".");
        }
        TrainingAccess.requireActive(adapted);
        BatchFeed feed = new BatchFeed(adapted.graph(), mapping(), settings);
        TrainingListeners calls = new TrainingListeners(adapted.graph(), settings.listeners);
        boolean past = state.isPast();
        if (state.isNew() && state.step >= settings.maxSteps) {
            return new FitProgress().result();
        }
        FitProgress fit = state.nextFit();
        DataCursor cursor = new DataCursor(data, fit, settings.checkpoints != null);
        cursor.replay();
        if (!past) {
            try (Progress shown = new Progress(settings.progress, settings.maxSteps)) {
                new TrainingLoop(state, computer, step, feed, calls, hooks, settings).run(cursor, epochs, fit, shown);
            }
            writes.requireDone();
        }
        return fit.result();
    }

    /**
     * Takes one step with the placeholders' arrays, as they are: accumulation, label smoothing, class weights, metrics
     * and files are matters of {@link #fit}.
     *
     * @return the total loss before the update
     * @throws DivergenceException if a loss or gradient is not finite; the step is not taken
     * @throws IllegalStateException if the trainer writes checkpoints, which could not repeat such a step
     */
    public double step(Map<String, INDArray> placeholders) {
        TrainingAccess.requireActive(adapted);
        if (settings.checkpoints != null) {
            throw new IllegalStateException("A trainer with checkpoints takes no single steps, since a resumed training"
                    + " could not repeat them; use fit, or drop checkpoints(...).");
        }
        TrainingListeners calls = TrainingListeners.ofGraph(adapted.graph());
        return step.take(computer.compute(placeholders, null, calls.watched(), state.next(), 0), 0, calls, false)
                .loss();
    }

    /** Returns the gradient of the loss with respect to each trained parameter, by name; nothing is changed. */
    public Map<String, INDArray> gradients(Map<String, INDArray> placeholders) {
        Watched watched = TrainingListeners.ofGraph(adapted.graph()).watched();
        return computer.compute(placeholders, null, watched, state.next(), 0).gradients();
    }

    /**
     * Computes outputs of the adapted graph as for inference, with this trainer's session and kernels.
     *
     * @param placeholders what the outputs depend on
     * @param outputs names of variables of the graph
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, String... outputs) {
        return computer.output(List.of(outputs), placeholders, state.next());
    }

    /** Frees the arrays that the session keeps for its next step. */
    @Override
    public void close() {
        computer.close();
    }

    /** Returns the total loss of a batch, as for inference. */
    double loss(Map<String, INDArray> placeholders) {
        return GradientComputer.total(computer.losses(placeholders, state.next()));
    }

    /** Returns what a batch counts in a mean of losses. */
    BatchWeight batchWeight(BatchMapping mapping) {
        return BatchWeight.of(mapping, settings.lossAverage);
    }

    private double measure(Metric metric) {
        return metric.evaluate(this, mapping());
    }

    private BatchMapping mapping() {
        return BatchMapping.of(adapted.graph(), settings);
    }
}
