package dev.loraplus.samples.gloss;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.loraplus.LoraPlus;
import dev.loraplus.backend.NativeBuild;
import dev.loraplus.models.Bert;
import dev.loraplus.models.MiniLm;
import dev.loraplus.models.WordPieceTokenizer;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.DivergenceException;
import dev.loraplus.samediff.training.LoraTrainer;
import dev.loraplus.samediff.training.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Searches settings of the main job on the validation glosses; the test glosses are never read.
 *
 * <p>Each argument is a trial: options of the main job in one string, as {@code "--lambda 1 --eta 2e-3 --seed 3"}.
 */
public final class GlossSearch {
    private final GlossSplits splits;
    private final WordPieceTokenizer tokenizer;

    private GlossSearch(GlossSplits splits, WordPieceTokenizer tokenizer) {
        this.splits = splits;
        this.tokenizer = tokenizer;
    }

    /** Runs the trials in their order and prints the validation accuracy of each. */
    public static void main(String[] args) throws IOException {
        if (args.length == 0 || args[0].endsWith("help")) {
            System.out.println("Usage: gloss-search TRIAL...  where a trial is options of the quickstart in quotes:"
                    + " \"--lambda 1 --eta 2e-3\" \"--lambda 8 --eta 6e-4 --seed 1\"");
            System.exit(args.length == 0 ? 2 : 0);
        }
        System.out.println(NativeBuild.describe());
        int failures = 0;
        try (WordPieceTokenizer tokenizer = MiniLm.tokenizer()) {
            GlossSearch search = new GlossSearch(GlossSplits.of(WordNetGlosses.read()), tokenizer);
            for (String trial : args) {
                int code = GlossCommand.run(
                        trial.trim().split("\\s+", -1),
                        search::run,
                        new PrintWriter(System.out, true, UTF_8),
                        new PrintWriter(System.err, true, UTF_8));
                failures += code == 0 ? 0 : 1;
            }
        }
        System.out.println("search: " + args.length + " trials, " + failures + " failed");
        System.exit(failures == 0 ? 0 : 1);
    }

    private void run(GlossOptions options) throws IOException {
        GlossTask task = GlossTask.of(splits, options.steps() * options.batch(), tokenizer::encode);
        SameDiff graph = Bert.classifier(MiniLm.weights(Supersenses.count(), options.seed()));
        AdaptedGraph adapted = LoraPlus.attach(graph, options.config());
        String outcome;
        try (LoraTrainer trainer = options.trainer(adapted).progress(false).build()) {
            HeadAlone.start(graph, HeadAlone.trained(trainer, graph, task, options));
            TrainingResult run =
                    trainer.fit(GlossBatches.training(task.training(), options.batch(), options.seed()), 1);
            outcome = String.format(
                    Locale.ROOT,
                    "validation %.4f, last losses %.3f, %.0f s",
                    GlossTask.evaluate(trainer, task.validation()).accuracy(),
                    mean(run.losses()
                            .subList(
                                    Math.max(0, run.losses().size() - 20),
                                    run.losses().size())),
                    run.seconds());
        } catch (DivergenceException e) {
            outcome = "diverged at step " + e.step();
        }
        System.out.println(options.settings() + ": " + outcome);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }
}
