package dev.loraplus.samediff;

import dev.loraplus.optim.Grouping;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.Optimizers;
import dev.loraplus.optim.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.Listener;

/**
 * Collects the settings of a {@link LoraTrainer}; values are checked in {@link #build()}. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class LoraTrainerBuilder {
    final AdaptedGraph adapted;
    double eta = Double.NaN;
    double weightDecay;
    Grouping grouping = Grouping.STRICT;
    Optimizer optimizer = Optimizers.adamW();
    Schedule schedule = Schedule.constant();
    double maxGradientNorm;
    List<String> features = List.of();
    List<String> labels = List.of();
    final List<Listener> listeners = new ArrayList<>();
    boolean progress = true;
    boolean kernels = true;
    long maxSteps = Long.MAX_VALUE;

    @Nullable
    Path folder;

    long saveEvery;

    LoraTrainerBuilder(AdaptedGraph adapted) {
        this.adapted = adapted;
    }

    /** Sets the peak learning rate of A: finite and above 0. B learns at lambda times it. */
    public LoraTrainerBuilder eta(double value) {
        eta = value;
        return this;
    }

    /** Sets the decoupled weight decay, applied at each parameter's own rate: finite, at least 0, default 0. */
    public LoraTrainerBuilder weightDecay(double value) {
        weightDecay = value;
        return this;
    }

    /** Sets how parameters are grouped; default {@link Grouping#STRICT}. */
    public LoraTrainerBuilder grouping(Grouping value) {
        grouping = Objects.requireNonNull(value);
        return this;
    }

    /**
     * Sets what turns gradients into changes, for this trainer alone; default {@link Optimizers#adamW()}.
     *
     * @see Optimizers
     */
    public LoraTrainerBuilder optimizer(Optimizer value) {
        optimizer = Objects.requireNonNull(value);
        return this;
    }

    /** Sets what all peak rates are multiplied by at each step; default constant 1. */
    public LoraTrainerBuilder schedule(Schedule value) {
        schedule = Objects.requireNonNull(value);
        return this;
    }

    /** Sets the largest norm of all gradients together; above it they are scaled down. Default 0: no clipping. */
    public LoraTrainerBuilder maxGradientNorm(double value) {
        maxGradientNorm = value;
        return this;
    }

    /** Names the placeholders of the feature arrays, in their order; default the graph's TrainingConfig's. */
    public LoraTrainerBuilder features(String... names) {
        features = List.of(names);
        return this;
    }

    /** Names the placeholders of the label arrays, in their order; default the graph's TrainingConfig's. */
    public LoraTrainerBuilder labels(String... names) {
        labels = List.of(names);
        return this;
    }

    /** Adds listeners, besides those of the graph. */
    public LoraTrainerBuilder listeners(Listener... values) {
        listeners.addAll(List.of(values));
        return this;
    }

    /** Sets whether a progress bar is shown on System.err once training lasts; default true. */
    public LoraTrainerBuilder progress(boolean value) {
        progress = value;
        return this;
    }

    /** Sets whether Java kernels take the place of operations that the CPU backend does slowly; default true. */
    public LoraTrainerBuilder kernels(boolean value) {
        kernels = value;
        return this;
    }

    /** Sets after how many steps of this trainer training ends whatever the epochs: at least 1; default no limit. */
    public LoraTrainerBuilder maxSteps(long value) {
        maxSteps = value;
        return this;
    }

    /** Sets the folder that gets the adapter after each epoch; a training that diverges leaves it as it is. */
    public LoraTrainerBuilder saveTo(Path value) {
        folder = value;
        return this;
    }

    /** Sets after how many steps the adapter is saved too, besides each epoch's end: at least 1. */
    public LoraTrainerBuilder saveEvery(long steps) {
        saveEvery = steps;
        return this;
    }

    /**
     * Checks the settings and prepares the training graph.
     *
     * @throws IllegalArgumentException if a setting is missing or out of its range, or the optimizer has taken steps;
     *     it is named
     * @throws IllegalStateException if the graph marks no loss, or the adapter is merged, disabled or detached
     */
    public LoraTrainer build() {
        if (!(eta > 0) || Double.isInfinite(eta)) {
            throw new IllegalArgumentException("eta, the learning rate of A, must be finite and above 0, got "
                    + (Double.isNaN(eta) ? "nothing" : eta) + "; set it with eta(...), for example 4e-4.");
        }
        if (!(maxGradientNorm >= 0)) {
            throw new IllegalArgumentException("maxGradientNorm must be at least 0, got " + maxGradientNorm + ".");
        }
        if (maxSteps < 1) {
            throw new IllegalArgumentException("maxSteps must be at least 1, got " + maxSteps + ".");
        }
        if (saveEvery < 0 || (saveEvery > 0 && folder == null)) {
            throw new IllegalArgumentException("saveEvery must be at least 1 and needs saveTo(folder), got " + saveEvery
                    + (folder == null ? " and no folder" : "") + ".");
        }
        if (!optimizer.state().isEmpty()) {
            throw new IllegalArgumentException("The optimizer " + optimizer.name()
                    + " has taken steps in another training; give each trainer one of its own, from Optimizers.");
        }
        return LoraTrainer.of(this);
    }
}
