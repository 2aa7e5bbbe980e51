package dev.loraplus.samediff.training;

import dev.loraplus.samediff.AdaptedGraph;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Computes the metric when it is due, keeps the best adapter, and stops a training that no longer improves. */
final class Evaluations implements TrainingHook {
    private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);

    private final TrainingState state;
    private final Metric metric;
    private final ToDoubleFunction<Metric> measure;
    private final AdaptedGraph adapted;
    private final FileWrites writes;
    private final long every;
    private final @Nullable Path best;
    private final @Nullable EarlyStopping stopping;
    private final @Nullable MetricsFile file;

    Evaluations(
            TrainingState state,
            ToDoubleFunction<Metric> measure,
            AdaptedGraph adapted,
            FileWrites writes,
            @Nullable MetricsFile file,
            TrainerSettings settings) {
        this.state = state;
        this.measure = measure;
        this.adapted = adapted;
        this.writes = writes;
        this.file = file;
        metric = Objects.requireNonNull(settings.metric);
        every = settings.evaluateEvery;
        best = settings.best;
        stopping = settings.earlyStopping;
    }

    @Override
    public void stepDone(StepReport report) {
        if (every > 0 && report.step() % every == 0) {
            evaluate(report.epoch());
        }
    }

    @Override
    public void epochDone() {
        if (every == 0) {
            evaluate(state.epoch - 1);
        }
    }

    private void evaluate(int epoch) {
        double value = measure.applyAsDouble(metric);
        boolean better = state.best == null ? !Double.isNaN(value) : metric.isBetter(value, state.best.value(), 0);
        LOG.info("Step {}: {} = {}{}", state.step, metric.name(), value, better ? ", the best so far" : "");
        if (better) {
            state.best = new Best(value, state.step);
            if (best != null) {
                writes.attempt("the best adapter", best, () -> adapted.save(best));
            }
        }
        if (file != null) {
            file.evaluated(state.step, epoch, metric.name(), value, better);
        }
        if (stopping != null) {
            stopIfStuck(value, stopping);
        }
    }

    private void stopIfStuck(double value, EarlyStopping rule) {
        boolean improved = state.reference == null
                ? !Double.isNaN(value)
                : metric.isBetter(value, state.reference, rule.minDelta());
        if (improved) {
            state.reference = value;
            state.waited = 0;
            return;
        }
        state.waited++;
        if (state.waited >= rule.patience()) {
            state.fit().stopped = true;
            LOG.info(
                    "Step {}: training stops, {} has not improved by more than {} in {} evaluations.",
                    state.step,
                    metric.name(),
                    rule.minDelta(),
                    state.waited);
        }
    }
}
