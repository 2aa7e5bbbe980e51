package dev.loraplus.samediff.training;

import dev.loraplus.samediff.gradient.GradientComputer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** Runs one call of fit: epochs of steps, with all that is to happen between them. */
final class TrainingLoop {
    private final TrainingState state;
    private final GradientComputer computer;
    private final TrainingStep step;
    private final BatchFeed feed;
    private final TrainingListeners calls;
    private final List<TrainingHook> hooks;
    private final long maxSteps;
    private final int accumulate;
    private final boolean measured;

    TrainingLoop(
            TrainingState state,
            GradientComputer computer,
            TrainingStep step,
            BatchFeed feed,
            TrainingListeners calls,
            List<TrainingHook> hooks,
            TrainerSettings settings) {
        this.state = state;
        this.computer = computer;
        this.step = step;
        this.feed = feed;
        this.calls = calls;
        this.hooks = hooks;
        maxSteps = settings.maxSteps;
        accumulate = settings.accumulate;
        measured = settings.measured();
    }

    /** Trains until the epochs, the steps, a listener or early stopping say stop, and counts in {@code fit}. */
    void run(DataCursor data, int epochs, FitProgress fit, Progress shown) {
        long start = System.nanoTime();
        double before = fit.seconds;
        calls.operationStart();
        while (fit.epochs < epochs && !fit.stopped && state.step < maxSteps) {
            long began = System.currentTimeMillis();
            calls.epochStart(state.next());
            data.open();
            while (state.step < maxSteps && !fit.stopped && data.hasNext()) {
                StepReport report = step(data, fit);
                fit.seconds = before + (System.nanoTime() - start) / 1e9;
                hooks.forEach(hook -> hook.stepDone(report));
                shown.step(report);
            }
            endEpoch(!data.hasNext(), fit, System.currentTimeMillis() - began);
        }
        calls.operationEnd();
        hooks.forEach(TrainingHook::fitDone);
    }

    private StepReport step(DataCursor data, FitProgress fit) {
        At at = state.next();
        GradientSum sum = new GradientSum(feed.isMean());
        long examples = 0;
        long loading = System.currentTimeMillis();
        MultiDataSet batch = data.next();
        calls.iterationStart(at, batch, System.currentTimeMillis() - loading);
        for (int part = 0; ; part++) {
            BatchFeed.Fed fed = feed.feed(batch);
            sum.add(computer.compute(fed.placeholders(), batch, calls.watched(), at, part), fed.weight());
            examples += BatchMapping.examples(batch);
            if (part + 1 == accumulate || !data.hasNext()) {
                break;
            }
            batch = data.next();
        }
        GradientComputer.Computed computed = sum.result();
        StepReport report = step.take(computed, examples, calls, measured);
        calls.iterationDone(at, batch, new Loss(computer.losses(), computed.losses()));
        fit.add(computed.losses(), examples);
        return report;
    }

    private void endEpoch(boolean complete, FitProgress fit, long millis) {
        double[] mean = fit.mean();
        fit.stopped |= calls.epochEnd(state.last(), curve(fit, mean), millis);
        if (complete) {
            fit.endEpoch(mean);
            state.epoch++;
            hooks.forEach(TrainingHook::epochDone);
        }
    }

    private LossCurve curve(FitProgress fit, double[] last) {
        LossCurve curve = null;
        for (double[] mean : fit.means) {
            curve = with(curve, mean);
        }
        return with(curve, last);
    }

    private LossCurve with(@Nullable LossCurve curve, double[] mean) {
        return curve == null
                ? new LossCurve(mean, computer.losses())
                : curve.addLossAndCopy(new Loss(computer.losses(), mean));
    }
}
