package dev.loraplus.samples.adaptation;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.dataset.DataSet;

/** Trains a base and adapts it in every way; a line is printed for each training. Not thread-safe. */
public final class Comparison {
    private static final int REPORTS = 5;

    private final Domains domains;
    private final AdaptationPlan plan;
    private final PrintWriter out;

    /** Creates a comparison that prints its progress to {@code out}. */
    public Comparison(Domains domains, AdaptationPlan plan, PrintWriter out) {
        this.domains = domains;
        this.plan = plan;
        this.out = out;
    }

    /** Trains a network on the old domain, in place. */
    public void pretrain(MultiLayerNetwork network, int epochs) {
        for (int epoch = 1; epoch <= epochs; epoch++) {
            fit(network, domains.pretraining(), 1);
            if (epoch % Math.max(1, epochs / REPORTS) == 0) {
                out.printf("base, epoch %d of %d: loss %.4f%n", epoch, epochs, network.score());
                out.flush();
            }
        }
    }

    /**
     * Adapts the base in every way and writes each checkpoint to a folder of its own; the base stays as it is.
     *
     * @throws IOException if a checkpoint can't be written
     */
    public Results run(MultiLayerNetwork base, Path folder) throws IOException {
        Metric metric = plan.metric();
        Results.Scores before =
                new Results.Scores(metric.of(base, domains.newTest()), metric.of(base, domains.oldTest()));
        List<Outcome> outcomes = new ArrayList<>();
        double headRate = 0;
        for (Way way : Way.values()) {
            Outcome outcome = outcome(way, headRate, base, folder.resolve(way.folder()));
            outcomes.add(outcome);
            headRate = outcome.headRate();
        }
        return new Results(plan.metric().label(), before, outcomes, plan.settings());
    }

    private Outcome outcome(Way way, double headRate, MultiLayerNetwork base, Path folder) throws IOException {
        Trial best = null;
        List<Double> seconds = new ArrayList<>();
        for (double rate : plan.rates()) {
            Trial trial = trial(way, new Candidate.Rates(rate, way.tunesHead() ? rate : headRate), base);
            seconds.add(trial.seconds());
            if (best == null || trial.isBetterThan(best, plan.metric())) {
                best = trial;
            }
        }
        return outcome(way, requireTrial(best), median(seconds), folder);
    }

    private Outcome outcome(Way way, Trial best, double seconds, Path folder) throws IOException {
        Metric metric = plan.metric();
        Candidate candidate = best.candidate();
        candidate.save(folder);
        return new Outcome(
                way.label(),
                best.rates().rate(),
                best.rates().head(),
                plan.lambda(way),
                candidate.network().numParams(),
                bytes(folder),
                seconds,
                best.validation(),
                metric.of(candidate.network(), domains.newTest()),
                candidate.oldDomain(metric, domains.oldTest()));
    }

    private Trial trial(Way way, Candidate.Rates rates, MultiLayerNetwork base) {
        Candidate candidate = Candidate.of(way, rates, base, plan);
        long start = System.nanoTime();
        fit(candidate.network(), domains.training(), plan.settings().epochs());
        double seconds = (System.nanoTime() - start) / 1e9;
        double validation = plan.metric().of(candidate.network(), domains.validation());
        out.printf(
                "%-16s rate %-6s validation %s, %.1f s%n",
                way.label(), ResultsTable.rate(rates.rate()), plan.metric().format(validation), seconds);
        out.flush();
        return new Trial(candidate, rates, validation, seconds);
    }

    private static void fit(MultiLayerNetwork network, List<DataSet> batches, int epochs) {
        for (int epoch = 0; epoch < epochs; epoch++) {
            batches.forEach(network::fit);
        }
    }

    private static Trial requireTrial(@Nullable Trial trial) {
        if (trial == null) {
            throw new IllegalArgumentException("The plan must hold at least one learning rate, got none.");
        }
        return trial;
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private static long bytes(Path folder) throws IOException {
        long sum = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                sum += Files.size(file);
            }
        }
        return sum;
    }

    private record Trial(Candidate candidate, Candidate.Rates rates, double validation, double seconds) {
        boolean isBetterThan(Trial other, Metric metric) {
            return metric.better(validation, other.validation);
        }
    }
}
