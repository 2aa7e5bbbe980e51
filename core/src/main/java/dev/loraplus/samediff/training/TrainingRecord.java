package dev.loraplus.samediff.training;

import dev.loraplus.backend.NativeBuild;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.io.CheckpointFile;
import dev.loraplus.optim.Optimizer;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Records what a training was set up with, so that it goes on with the same, or says what is different. */
final class TrainingRecord {
    private static final int SCHEDULE_PROBES = 16;

    private final Map<String, String> fixed = new LinkedHashMap<>();
    private final Map<String, String> setup = new LinkedHashMap<>();
    private final Schedule schedule;

    TrainingRecord(AdaptedGraph adapted, Optimizer optimizer, List<String> losses, TrainerSettings settings) {
        schedule = settings.schedule;
        put("adapter", adapted.config());
        put("scale", adapted.scale());
        put("base", adapted.baseFingerprint());
        put("losses", losses);
        put("eta", settings.eta);
        put("weightDecay", settings.weightDecay);
        put("grouping", settings.grouping);
        put("optimizer", optimizer.name());
        put("maxGradientNorm", settings.maxGradientNorm);
        put("features", settings.features);
        put("labels", settings.labels);
        put("featureMasks", settings.featureMasks);
        put("labelMasks", settings.labelMasks);
        put("accumulate", settings.accumulate);
        put("lossAverage", settings.lossAverage);
        put("labelSmoothing", settings.labelSmoothing);
        put("classWeights", settings.classWeights);
        put("metric", settings.metric == null ? null : settings.metric.name());
        put("evaluate every", settings.evaluateEvery);
        put("earlyStopping", settings.earlyStopping);
        setup.put("native build", NativeBuild.describe());
        setup.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        setup.put("Java", System.getProperty("java.version"));
        setup.put("kernels", Boolean.toString(settings.kernels));
        if (adapted.config().initialization().changesBase()) {
            setup.put("residual base", residual(adapted));
        }
    }

    /** Sums up what a decomposition left of the weights: another machine can get other last digits. */
    private static String residual(AdaptedGraph adapted) {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        adapted.uses().keySet().forEach(name -> weights.put(name, TrainingAccess.value(adapted, name)));
        return BaseFingerprint.of(weights);
    }

    /** Returns what must be the same: all that the parameters after {@code step} steps depend on. */
    Map<String, String> settings(long step) {
        Map<String, String> all = new LinkedHashMap<>(fixed);
        List<Double> factors = new ArrayList<>();
        for (int i = 0; i < SCHEDULE_PROBES && step > 0; i++) {
            factors.add(schedule.factor((step - 1) * i / (SCHEDULE_PROBES - 1)));
        }
        all.put("schedule", factors.toString());
        return all;
    }

    /**
     * Compares the settings with those of a checkpoint.
     *
     * @throws IllegalStateException if they differ; the message names each
     */
    void requireSame(String subject, Map<String, String> read, long step) {
        List<String> different = differences(read, settings(step));
        if (!different.isEmpty()) {
            throw new IllegalStateException(subject + " belongs to a training with other settings: "
                    + String.join("; ", different)
                    + ". Set them as they were, or start anew in another folder of checkpoints.");
        }
    }

    /** Returns what may differ, but can change the last digits. */
    Map<String, String> setup() {
        return setup;
    }

    /** Returns in words how the set-up of a checkpoint differs from this one; empty if it does not. */
    String difference(Map<String, String> read, Map<String, String> texts) {
        Map<String, String> was = new LinkedHashMap<>(read);
        Map<String, String> is = new LinkedHashMap<>(setup);
        was.put("library", Objects.toString(texts.get(CheckpointFile.VERSION)));
        is.put("library", CheckpointFile.version());
        return String.join("; ", differences(was, is));
    }

    private static List<String> differences(Map<String, String> was, Map<String, String> is) {
        List<String> different = new ArrayList<>();
        is.forEach((name, value) -> {
            if (!value.equals(was.get(name))) {
                different.add(name + " was " + was.get(name) + ", is " + value);
            }
        });
        was.keySet().stream()
                .filter(name -> !is.containsKey(name))
                .forEach(name -> different.add(name + " was " + was.get(name) + ", is unknown to this version"));
        return different;
    }

    private void put(String name, @org.jspecify.annotations.Nullable Object value) {
        fixed.put(name, value == null ? "not set" : value.toString());
    }
}
