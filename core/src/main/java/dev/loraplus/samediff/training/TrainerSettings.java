package dev.loraplus.samediff.training;

import dev.loraplus.optim.Grouping;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.Optimizers;
import dev.loraplus.optim.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.Listener;

/** Holds what a {@link LoraTrainerBuilder} collects, with all defaults. */
final class TrainerSettings implements Cloneable {
    double eta = Double.NaN;
    double weightDecay;
    Grouping grouping = Grouping.STRICT;
    Optimizer optimizer = Optimizers.adamW();
    Schedule schedule = Schedule.constant();
    double maxGradientNorm;
    List<String> features = List.of();
    List<String> labels = List.of();
    List<String> featureMasks = List.of();
    List<String> labelMasks = List.of();
    List<Listener> listeners = new ArrayList<>();
    List<StepListener> stepListeners = new ArrayList<>();
    boolean progress = true;
    boolean kernels = true;
    long maxSteps = Long.MAX_VALUE;
    int accumulate = 1;
    double labelSmoothing;

    @Nullable
    List<Double> classWeights;

    @Nullable
    LossAverage lossAverage;

    @Nullable
    Path folder;

    long saveEvery;

    @Nullable
    Path checkpoints;

    long checkpointEvery;
    int keepLast = 3;
    boolean keepLastSet;
    boolean resume;

    @Nullable
    Metric metric;

    /** After how many steps the metric is computed; 0 means after each epoch. */
    long evaluateEvery;

    @Nullable
    Path best;

    @Nullable
    EarlyStopping earlyStopping;

    @Nullable
    Path metrics;

    /** Returns a copy that later calls of the builder don't change. */
    TrainerSettings copy() {
        try {
            TrainerSettings copy = (TrainerSettings) clone();
            copy.listeners = List.copyOf(listeners);
            copy.stepListeners = List.copyOf(stepListeners);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("Settings are cloneable.", e);
        }
    }

    /** Returns whether someone reads the norms of the changes, which cost a copy of each parameter. */
    boolean measured() {
        return metrics != null || !stepListeners.isEmpty();
    }

    /** Returns whether the labels are changed before they reach the graph. */
    boolean changesLabels() {
        return labelSmoothing > 0 || classWeights != null;
    }
}
