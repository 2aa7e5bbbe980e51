package dev.loraplus.samediff.training;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.LowRankDelta;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.TrainingAccess;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.ui.model.stats.StatsListener;
import org.deeplearning4j.ui.model.stats.api.StatsType;
import org.deeplearning4j.ui.model.stats.impl.SbeStatsInitializationReport;
import org.deeplearning4j.ui.model.stats.impl.SbeStatsReport;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Feeds the training page of DL4J's UI: {@code LoraTrainer.builder(adapted).onStep(LoraStats.to(storage, adapted, 10))}.
 *
 * <p>For every target t with the weight W and the change scaling &middot; A &middot; B (Euclidean norms), a report has
 *
 * <ul>
 *   <li>the learning rate of each group, among the learning rates;
 *   <li>{@code "t norm A"} and {@code "t norm B"}, among the mean magnitudes of parameters;
 *   <li>{@code "t change/W"}: norm of the change among the mean magnitudes of updates, norm of W among those of
 *       parameters. The overview page draws their ratio, in its chart of update ratios;
 *   <li>rates and norms of A and B once more among the deviations of activations, where that page draws them.
 * </ul>
 *
 * <p>Needs {@code org.deeplearning4j:deeplearning4j-ui-model} on the class path, which is optional; with {@code
 * deeplearning4j-ui} it is there. A network of DL4J's takes DL4J's own {@code StatsListener}. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class LoraStats implements StepListener {
    private static final String WORKER = "0";

    private final StatsStorageRouter router;
    private final AdaptedGraph adapted;
    private final int every;
    private final String session = "loraplus_" + UUID.randomUUID();
    private final Map<String, Double> weightNorms = new LinkedHashMap<>();
    private final long start = System.currentTimeMillis();
    private long steps;
    private long examples;

    private LoraStats(StatsStorageRouter router, AdaptedGraph adapted, int every) {
        this.router = router;
        this.adapted = adapted;
        this.every = every;
    }

    /**
     * Creates a listener with a session of its own.
     *
     * @param router what takes the reports, for example an {@code InMemoryStatsStorage} attached to the UI server
     * @param adapted the graph that is trained
     * @param every after how many steps a report is sent: at least 1
     * @throws IllegalArgumentException if {@code every} is below 1
     */
    public static LoraStats to(StatsStorageRouter router, AdaptedGraph adapted, int every) {
        if (every < 1) {
            throw new IllegalArgumentException("Reports must be sent every 1 step or more, got " + every + ".");
        }
        return new LoraStats(router, adapted, every);
    }

    @Override
    public void stepDone(StepReport report) {
        if (steps == 0) {
            introduce();
        }
        steps++;
        examples += report.examples();
        if (report.step() % every == 0) {
            send(report);
        }
    }

    private void introduce() {
        adapted.adapter()
                .factors()
                .keySet()
                .forEach(target -> weightNorms.put(target, norm(TrainingAccess.value(adapted, target))));
        SbeStatsInitializationReport report = new SbeStatsInitializationReport();
        report.reportIDs(session, StatsListener.TYPE_ID, WORKER, start);
        long trained = adapted.parameters().stream().mapToLong(p -> p.length()).sum();
        String[] names = adapted.parameters().stream().map(p -> p.name()).toArray(String[]::new);
        report.reportModelInfo(AdaptedGraph.class.getName(), "{}", names, weightNorms.size(), trained);
        router.putStaticInfo(report);
    }

    private void send(StepReport step) {
        Map<String, Double> parameters = new LinkedHashMap<>();
        Map<String, Double> updates = new LinkedHashMap<>();
        Map<String, Double> drawn = new LinkedHashMap<>();
        step.rates().forEach((group, rate) -> drawn.put("rate " + group, rate));
        adapted.adapter().factors().forEach((target, factors) -> {
            drawn.put(target + " norm A", norm(factors.a()));
            drawn.put(target + " norm B", norm(factors.b()));
            parameters.put(target + " change/W", weightNorms.get(target));
            updates.put(target + " change/W", change(target, factors));
        });
        drawn.forEach((name, value) -> {
            if (name.contains(" norm ")) {
                parameters.put(name, value);
            }
        });
        SbeStatsReport report = new SbeStatsReport();
        long now = System.currentTimeMillis();
        double seconds = Math.max(1, now - start) / 1000.0;
        report.reportIDs(session, StatsListener.TYPE_ID, WORKER, now);
        report.reportIterationCount(Math.toIntExact(step.step()));
        report.reportScore(step.loss());
        report.reportLearningRates(step.rates());
        report.reportMeanMagnitudes(StatsType.Parameters, parameters);
        report.reportMeanMagnitudes(StatsType.Updates, updates);
        report.reportStdev(StatsType.Activations, drawn);
        report.reportPerformance(now - start, examples, steps, examples / seconds, steps / seconds);
        router.putUpdate(report);
    }

    private double change(String target, Factors factors) {
        return LowRankDelta.norm(
                factors.a(), factors.b(), adapted.scale() * adapted.config().scalingOf(target));
    }

    private static double norm(INDArray array) {
        return array.norm2Number().doubleValue();
    }
}
