package dev.loraplus.samediff.training;

import dev.loraplus.optim.Grouping;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.Optimizers;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.nd4j.autodiff.listeners.Listener;

/**
 * Collects the settings of a {@link LoraTrainer}; values are checked in {@link #build()}, and a setting that would have
 * no effect is refused there. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class LoraTrainerBuilder {
    private final AdaptedGraph adapted;
    private final TrainerSettings settings = new TrainerSettings();

    LoraTrainerBuilder(AdaptedGraph adapted) {
        this.adapted = adapted;
    }

    /** Sets the peak learning rate of A: finite and above 0. B learns at lambda times it. */
    public LoraTrainerBuilder eta(double value) {
        settings.eta = value;
        return this;
    }

    /** Sets the weight decay, applied at each parameter's own rate: finite, at least 0, default 0. */
    public LoraTrainerBuilder weightDecay(double value) {
        settings.weightDecay = value;
        return this;
    }

    /** Sets how parameters are grouped; default {@link Grouping#STRICT}. */
    public LoraTrainerBuilder grouping(Grouping value) {
        settings.grouping = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets what turns gradients into changes, for this trainer alone; default {@link Optimizers#adamW()}.
     *
     * @see Optimizers
     */
    public LoraTrainerBuilder optimizer(Optimizer value) {
        settings.optimizer = Objects.requireNonNull(value);
        return this;
    }

    /** Sets what all peak rates are multiplied by at each step; default constant 1. */
    public LoraTrainerBuilder schedule(Schedule value) {
        settings.schedule = Objects.requireNonNull(value);
        return this;
    }

    /** Sets the largest norm of all gradients together; above it they are scaled down. Default 0: no clipping. */
    public LoraTrainerBuilder maxGradientNorm(double value) {
        settings.maxGradientNorm = value;
        return this;
    }

    /**
     * Sets how many batches one step takes together, as if their examples were one batch: at least 1, default 1.
     *
     * <p>With gradients g_i of the batches' losses, the step's gradient is sum(n_i g_i) / sum(n_i), where n_i is what
     * {@link #lossAverage(LossAverage)} counts, so that batches may differ in size. The last step of an epoch takes
     * those that are left. Schedules, {@link #maxSteps} and all counts are of steps, not of batches; SameDiff listeners
     * are told of the first batch at the start and of the last one at the end of a step. Every batch gets dropout of its
     * own.
     */
    public LoraTrainerBuilder accumulate(int batches) {
        settings.accumulate = batches;
        return this;
    }

    /**
     * Sets what the graph's loss is the mean of, which accumulation, class weights and {@link Metric#loss} need to know;
     * default {@link LossAverage#LABEL_MASK} where a label mask is mapped, else {@link LossAverage#LABELS}.
     */
    public LoraTrainerBuilder lossAverage(LossAverage value) {
        settings.lossAverage = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets how much of each one-hot label is spread over all K classes: y becomes y (1 - e) + e / K, as PyTorch's {@code
     * CrossEntropyLoss(label_smoothing=e)}; in [0, 1), default 0.
     *
     * <p>Needs exactly one label array, one-hot in its last dimension (rows of zeros stay zero), and a loss that is a
     * cross entropy with it; any other graph is refused by fit. The batches themselves are not changed.
     */
    public LoraTrainerBuilder labelSmoothing(double value) {
        settings.labelSmoothing = value;
        return this;
    }

    /**
     * Sets how much each class counts, w_c l / sum of all w_c, as PyTorch's {@code CrossEntropyLoss(weight=w)} with its
     * mean: one weight for each class, finite and at least 0; default all 1.
     *
     * <p>Needs labels and a loss as {@link #labelSmoothing} does. With {@link LossAverage#SUM} nothing is divided.
     */
    public LoraTrainerBuilder classWeights(double... weights) {
        settings.classWeights = Arrays.stream(weights).boxed().toList();
        return this;
    }

    /** Names the placeholders of the feature arrays, in their order; default the graph's TrainingConfig's. */
    public LoraTrainerBuilder features(String... names) {
        settings.features = List.of(names);
        return this;
    }

    /** Names the placeholders of the label arrays, in their order; default the graph's TrainingConfig's. */
    public LoraTrainerBuilder labels(String... names) {
        settings.labels = List.of(names);
        return this;
    }

    /** Names the placeholders of the feature masks, in their order; a mask that none takes is refused. */
    public LoraTrainerBuilder featureMasks(String... names) {
        settings.featureMasks = List.of(names);
        return this;
    }

    /** Names the placeholders of the label masks, in their order; a mask that none takes is refused. */
    public LoraTrainerBuilder labelMasks(String... names) {
        settings.labelMasks = List.of(names);
        return this;
    }

    /** Adds listeners, besides those of the graph. A resumed training does not restore what they hold. */
    public LoraTrainerBuilder listeners(Listener... values) {
        settings.listeners.addAll(List.of(values));
        return this;
    }

    /** Adds listeners that get loss, gradient norm, rates and norms of the changes of each step of fit. */
    public LoraTrainerBuilder onStep(StepListener... values) {
        settings.stepListeners.addAll(List.of(values));
        return this;
    }

    /** Sets whether a progress bar is shown on System.err once training lasts; default true. */
    public LoraTrainerBuilder progress(boolean value) {
        settings.progress = value;
        return this;
    }

    /** Sets whether Java kernels take the place of operations that the CPU backend does slowly; default true. */
    public LoraTrainerBuilder kernels(boolean value) {
        settings.kernels = value;
        return this;
    }

    /** Sets after how many steps of this trainer training ends whatever the epochs: at least 1; default no limit. */
    public LoraTrainerBuilder maxSteps(long value) {
        settings.maxSteps = value;
        return this;
    }

    /** Sets the folder that gets the adapter after each epoch; a training that diverges leaves it as it is. */
    public LoraTrainerBuilder saveTo(Path value) {
        settings.folder = Objects.requireNonNull(value);
        return this;
    }

    /** Sets after how many steps the adapter is saved too, besides each epoch's end: at least 1. */
    public LoraTrainerBuilder saveEvery(long steps) {
        settings.saveEvery = steps;
        return this;
    }

    /**
     * Sets the folder that gets checkpoints, from which {@link #resume()} goes on bit for bit: after each epoch, each
     * call of fit, and every {@link #checkpointEvery} steps. Default none.
     *
     * <p>A checkpoint holds the trained parameters and the optimizer's state in their own types, all counters, the losses
     * so far and the place in the data; dropout needs no more, since its masks depend on seed and step only. It is
     * written to a temporary file, forced to the disk and then moved, and ends with the SHA-256 of all its bytes. One
     * that can't be written is warned about and does not end the training; if the last one can't, fit throws at its
     * end. A folder belongs to one training: one that holds checkpoints is refused without {@link #resume()}.
     */
    public LoraTrainerBuilder checkpoints(Path folder) {
        settings.checkpoints = Objects.requireNonNull(folder);
        return this;
    }

    /** Sets after how many steps a checkpoint is written, besides each epoch's end: at least 1. */
    public LoraTrainerBuilder checkpointEvery(long steps) {
        requirePositive("checkpointEvery", steps);
        settings.checkpointEvery = steps;
        return this;
    }

    /** Sets how many checkpoints are kept, the last ones: at least 1, default 3. */
    public LoraTrainerBuilder keepLast(int checkpoints) {
        requirePositive("keepLast", checkpoints);
        settings.keepLast = checkpoints;
        settings.keepLastSet = true;
        return this;
    }

    /**
     * Goes on from the newest checkpoint of the folder, or starts anew if it holds none, so that the same program can be
     * started again and again until it is done.
     *
     * <p>A damaged checkpoint is warned about, and the one before it is taken. Settings on which the result depends, the
     * base weights and the data must be as they were, else the message names what differs; {@link #maxSteps}, the epochs
     * of the last fit, and what is written where may change. The result is the same to the last bit on the same native
     * build with as many threads; with another one it is warned about and goes on.
     *
     * @see LoraTrainer#fit(org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator, int)
     */
    public LoraTrainerBuilder resume() {
        settings.resume = true;
        return this;
    }

    /** Computes a metric at the end of each epoch. */
    public LoraTrainerBuilder evaluate(Metric metric) {
        settings.metric = Objects.requireNonNull(metric);
        settings.evaluateEvery = 0;
        return this;
    }

    /** Computes a metric after every {@code steps} steps: at least 1. */
    public LoraTrainerBuilder evaluate(long steps, Metric metric) {
        requirePositive("The number of steps between evaluations", steps);
        settings.metric = Objects.requireNonNull(metric);
        settings.evaluateEvery = steps;
        return this;
    }

    /** Sets the folder that gets the adapter whenever the metric is better than ever before. Needs a metric. */
    public LoraTrainerBuilder keepBest(Path folder) {
        settings.best = Objects.requireNonNull(folder);
        return this;
    }

    /**
     * Ends a call of fit once the metric has not improved for a while; the next call begins to wait anew. Needs a metric.
     *
     * @param patience how many evaluations in a row without improvement end it: at least 1
     * @param minDelta by how much a value must be better than the last improvement to be one: finite and at least 0
     */
    public LoraTrainerBuilder earlyStopping(int patience, double minDelta) {
        settings.earlyStopping = new EarlyStopping(patience, minDelta);
        return this;
    }

    /**
     * Sets the file that gets one JSON object per line for each step of fit ({@code step}, {@code epoch}, {@code
     * examples}, {@code loss}, {@code gradientNorm}, {@code rates} and {@code updateNorms} by group) and each evaluation
     * ({@code step}, {@code epoch}, {@code metric}, {@code value}, {@code best}).
     *
     * <p>A file that is not empty is refused, but for a resumed training: lines past its checkpoint are cut off then, so
     * that each step comes once.
     */
    public LoraTrainerBuilder metrics(Path file) {
        settings.metrics = Objects.requireNonNull(file);
        return this;
    }

    /**
     * Checks the settings, prepares the training graph, and resumes if asked to.
     *
     * @throws IllegalArgumentException if a setting is missing, out of its range or without effect, or the optimizer has
     *     taken steps; it is named
     * @throws IllegalStateException if the graph marks no loss, the adapter is merged, disabled or detached, or the
     *     folder of checkpoints belongs to another training
     * @throws java.io.UncheckedIOException if a folder or file can't be used, or all checkpoints are damaged
     */
    public LoraTrainer build() {
        SettingsCheck.run(settings);
        return LoraTrainer.of(adapted, settings.copy());
    }

    private static void requirePositive(String option, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, got " + value + ".");
        }
    }
}
