package dev.loraplus.samples.gloss;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.backend.NativeBuild;
import dev.loraplus.models.Bert;
import dev.loraplus.models.MiniLm;
import dev.loraplus.models.WordPieceTokenizer;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.DivergenceException;
import dev.loraplus.samediff.LoraTrainer;
import dev.loraplus.samediff.TrainingResult;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.nd4j.autodiff.samediff.SameDiff;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Searches settings of the main job on the validation glosses; the test glosses are never read. */
@Command(
        name = "gloss-search",
        description = "Trains once for each combination and prints the validation accuracy of each.",
        mixinStandardHelpOptions = true)
public final class GlossSearch implements Callable<Integer> {
    @Option(names = "--steps", split = ",", defaultValue = "300", description = "Training steps.")
    private List<Integer> steps = new ArrayList<>();

    @Option(names = "--lambda", split = ",", defaultValue = "1,4,16", description = "Rate of B by that of A.")
    private List<Double> lambdas = new ArrayList<>();

    @Option(names = "--eta", split = ",", defaultValue = "6e-4", description = "Peak learning rates of A.")
    private List<Double> etas = new ArrayList<>();

    @Option(names = "--head-rate", split = ",", defaultValue = "5e-3", description = "Peak rates of the head.")
    private List<Double> headRates = new ArrayList<>();

    @Option(
            names = "--targets",
            split = ";",
            defaultValue = "query,key,value,intermediate.dense,output.dense",
            description = "Lists of modules, apart by semicolons.")
    private List<String> targets = new ArrayList<>();

    @Option(names = "--batch", defaultValue = "16", description = "Definitions a step.")
    private int batch;

    @Option(names = "--rank", defaultValue = "8", description = "Rank of the factors.")
    private int rank;

    @Option(names = "--seed", split = ",", defaultValue = "0", description = "Seeds.")
    private List<Long> seeds = new ArrayList<>();

    private int trials;

    private GlossSearch() {}

    /** Runs the search; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new GlossSearch()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        System.out.println(NativeBuild.describe());
        GlossSplits splits = GlossSplits.of(WordNetGlosses.read());
        try (WordPieceTokenizer tokenizer = MiniLm.tokenizer()) {
            for (int count : steps) {
                GlossTask task = GlossTask.of(splits, count * batch, tokenizer::encode);
                for (String modules : targets) {
                    for (double lambda : lambdas) {
                        for (double eta : etas) {
                            for (double headRate : headRates) {
                                for (long seed : seeds) {
                                    trial(task, count, modules, lambda, eta, headRate, seed);
                                }
                            }
                        }
                    }
                }
            }
        }
        System.out.println("search: " + trials + " trials");
        return trials > 0 ? 0 : 1;
    }

    private void trial(GlossTask task, int count, String modules, double lambda, double eta, double headRate, long seed)
            throws IOException {
        trials++;
        SameDiff graph = Bert.classifier(MiniLm.weights(Supersenses.count(), seed));
        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                LoraConfig.builder()
                        .rank(rank)
                        .lambda(lambda)
                        .targets(Targets.named(modules.split(",")))
                        .modulesToSave("classifier")
                        .headRate(headRate)
                        .seed(seed)
                        .build());
        String outcome;
        try (LoraTrainer trainer = GlossTask.trainer(adapted)
                .eta(eta)
                .schedule(Schedule.linear(count / 10, count))
                .maxSteps(count)
                .progress(false)
                .build()) {
            TrainingResult run = trainer.fit(GlossBatches.training(task.training(), batch, seed), 1);
            double accuracy = GlossTask.evaluate(trainer, task.validation()).accuracy();
            outcome = String.format(
                    Locale.ROOT,
                    "validation %.4f, last losses %.3f, %.0f s",
                    accuracy,
                    run.losses().stream()
                            .skip(Math.max(0, run.losses().size() - 20))
                            .mapToDouble(Double::doubleValue)
                            .average()
                            .orElse(Double.NaN),
                    run.seconds());
        } catch (DivergenceException e) {
            outcome = "diverged at step " + e.step();
        }
        System.out.printf(
                Locale.ROOT,
                "steps %d batch %d rank %d targets %s lambda %s eta %s head %s seed %d: %s%n",
                count,
                batch,
                rank,
                modules,
                lambda,
                eta,
                headRate,
                seed,
                outcome);
    }
}
