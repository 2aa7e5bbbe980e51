package dev.loraplus.samples.gloss;

import dev.loraplus.backend.NativeBuild;
import dev.loraplus.models.Bert;
import dev.loraplus.models.MiniLm;
import dev.loraplus.models.WordPieceTokenizer;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Accompanies one run of the main job with its data and its figures; what it prints is what it measured. Not
 * thread-safe.
 *
 * @since 0.1.0
 */
public final class GlossRun implements AutoCloseable {
    private static final int COMPARED = 512;
    private static final int EXAMPLES = 6;
    private static final double LARGEST_DIFFERENCE = 1e-5;

    private final GlossOptions options;
    private final GlossFigures figures = new GlossFigures(NativeBuild.describe());
    private final WordPieceTokenizer tokenizer;
    private final GlossTask task;
    private final List<String> problems = new ArrayList<>();
    private @Nullable INDArray trained;

    /**
     * Reads the definitions that the options ask for.
     *
     * @throws IOException if the model's or WordNet's files can't be read
     */
    public GlossRun(GlossOptions options) throws IOException {
        this.options = options;
        tokenizer = MiniLm.tokenizer();
        GlossSplits splits = GlossSplits.of(WordNetGlosses.read());
        task = GlossTask.of(splits, options.steps() * options.batch(), tokenizer::encode);
        figures.say("%d of %d training definitions, 45 classes"
                .formatted(task.training().size(), splits.train().size()));
    }

    /** Returns the folder of the adapter. */
    public Path adapterFolder() {
        return options.output().resolve("adapter");
    }

    /**
     * Returns the pretrained encoder with a new head; the same seed gives the same head.
     *
     * @throws IOException if the model's file can't be read
     */
    public SameDiff newGraph() throws IOException {
        return Bert.classifier(MiniLm.weights(Supersenses.count(), options.seed()));
    }

    /** Trains the head alone, where training with LoRA+ then starts. */
    public void trainHeadAlone(LoraTrainer trainer, AdaptedGraph adapted) {
        SameDiff model = adapted.graph();
        EncodedGlosses encoded = EncodedGlosses.of(trainer, task.validation());
        int definitions = task.validation().size();
        figures.validated("before", encoded.evaluate(model), definitions);
        HeadAlone.start(model, HeadAlone.trained(trainer, model, task, options));
        figures.validated("head alone", encoded.evaluate(model), definitions);
        figures.say(adapted.describe().toString().lines().findFirst().orElseThrow());
        figures.print(trainer.groups().assignments());
    }

    /** Takes all steps, in more than one pass where the definitions do not suffice. */
    public void train(LoraTrainer trainer) {
        GlossBatches batches = GlossBatches.training(task.training(), options.batch(), options.seed());
        figures.trained(trainer.fit(batches, (options.steps() - 1) / batches.batchesPerPass() + 1));
    }

    /** Measures the trained model, whose logits others are compared with. */
    public void evaluate(LoraTrainer trainer, SameDiff graph) {
        figures.validated(
                "LoRA+",
                GlossTask.evaluate(trainer, task.validation()),
                task.validation().size());
        figures.tested(GlossTask.evaluate(trainer, task.test()), task.test().size());
        trained = logits(graph);
    }

    /** Prints how far the logits of a graph are from those of the trained model. */
    public void compare(String name, SameDiff graph) {
        INDArray expected = Objects.requireNonNull(trained, "evaluate first");
        INDArray other = logits(graph);
        double difference = expected.sub(other).amaxNumber().doubleValue();
        boolean same = expected.argMax(1).equals(other.argMax(1));
        figures.say("%-8s %d definitions: predictions %s, logits differ by at most %.1e"
                .formatted(name, expected.rows(), same ? "equal" : "DIFFER", difference));
        if (!same || !(difference <= LARGEST_DIFFERENCE)) {
            problems.add("The " + name + " model is not the trained one: logits differ by " + difference + ".");
        }
    }

    /**
     * Classifies the user's definitions, or some of the validation's, and writes results and report.
     *
     * @throws IOException if a file can't be written
     * @throws IllegalStateException if a model that was compared is not the trained one
     */
    public void report(LoraTrainer trainer, SameDiff graph) throws IOException {
        figures.write(options, trainer.groups().assignments(), classify(graph));
        if (!problems.isEmpty()) {
            throw new IllegalStateException(String.join(" ", problems));
        }
    }

    @Override
    public void close() {
        tokenizer.close();
    }

    private List<Prediction> classify(SameDiff graph) {
        List<Gloss> shown =
                options.definitions().isEmpty() ? task.validation().glosses().subList(0, EXAMPLES) : List.of();
        List<String> texts = shown.isEmpty()
                ? options.definitions()
                : shown.stream().map(Gloss::text).toList();
        INDArray logits = GlossTask.logits(graph, tokenizer.encode(texts, TokenizedGlosses.MAX_TOKENS));
        List<Prediction> predictions = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            String actual = shown.isEmpty() ? null : shown.get(i).labelName();
            predictions.add(Prediction.of(texts.get(i), actual, logits.getRow(i)));
            System.out.println("  " + predictions.get(i));
        }
        return predictions;
    }

    private INDArray logits(SameDiff graph) {
        return GlossTask.logits(graph, task.validation().first(COMPARED));
    }
}
