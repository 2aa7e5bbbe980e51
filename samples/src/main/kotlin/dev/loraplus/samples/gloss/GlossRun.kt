package dev.loraplus.samples.gloss

import dev.loraplus.backend.NativeBuild
import dev.loraplus.models.Bert
import dev.loraplus.models.MiniLm
import dev.loraplus.optim.Assignment
import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.LoraTrainer
import dev.loraplus.samediff.TrainingResult
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.evaluation.classification.Evaluation
import org.nd4j.linalg.api.ndarray.INDArray
import java.nio.file.Path

/**
 * Accompanies one run of the main job with its data and its figures; what it prints is what it measured. Not
 * thread-safe.
 */
class GlossRun(
    private val options: GlossOptions,
) : AutoCloseable {
    private val started = System.nanoTime()
    private val build: String = NativeBuild.describe().also(::println)
    private val tokenizer = MiniLm.tokenizer()
    private val task: GlossTask
    private val problems = mutableListOf<String>()
    private lateinit var figures: Figures
    private lateinit var trained: INDArray

    private class Figures(
        val before: Double,
        val head: Double,
    ) {
        lateinit var run: TrainingResult
        var validation = 0.0
        lateinit var test: Evaluation
    }

    init {
        val splits = GlossSplits.of(WordNetGlosses.read())
        task = GlossTask.of(splits, options.steps() * options.batch(), tokenizer::encode)
        say("${task.training().size()} of ${splits.train().size} training definitions, 45 classes")
    }

    /** The folder of the adapter. */
    val adapterFolder: Path = options.output().resolve("adapter")

    /** The pretrained encoder with a new head; the same seed gives the same head. */
    fun newGraph(): SameDiff = Bert.classifier(MiniLm.weights(Supersenses.count(), options.seed()))

    /** Trains the head alone, where training with LoRA+ then starts. */
    fun trainHeadAlone(
        trainer: LoraTrainer,
        adapted: AdaptedGraph,
    ) {
        val model = adapted.graph()
        val encoded = EncodedGlosses.of(trainer, task.validation())
        val before = said("before", encoded.evaluate(model))
        HeadAlone.start(model, HeadAlone.trained(trainer, model, task, options))
        figures = Figures(before, said("head alone", encoded.evaluate(model)))
        say(
            adapted
                .describe()
                .toString()
                .lineSequence()
                .first(),
        )
        println(groups(trainer.groups().assignments()))
    }

    /** Takes all steps, in more than one pass where the definitions do not suffice. */
    fun train(trainer: LoraTrainer) {
        val batches = GlossBatches.training(task.training(), options.batch(), options.seed())
        figures.run = trainer.fit(batches, (options.steps() - 1) / batches.batchesPerPass() + 1)
    }

    /** Measures the trained model, whose logits the others are compared with. */
    fun evaluate(
        trainer: LoraTrainer,
        graph: SameDiff,
    ) {
        figures.validation = said("LoRA+", GlossTask.evaluate(trainer, task.validation()))
        figures.test = GlossTask.evaluate(trainer, task.test())
        say("test accuracy after LoRA+ %.3f (%d definitions)".format(figures.test.accuracy(), task.test().size()))
        trained = logits(graph)
    }

    /** Prints how far the logits are from those of the trained model. */
    fun compare(
        name: String,
        graph: SameDiff,
    ) {
        val other = logits(graph)
        val difference = trained.sub(other).amaxNumber().toDouble()
        val same = trained.argMax(1) == other.argMax(1)
        say(
            "%-8s %d definitions: predictions %s, logits differ by at most %.1e".format(
                name,
                trained.rows(),
                if (same) "equal" else "DIFFER",
                difference,
            ),
        )
        if (!same || !(difference <= LARGEST_DIFFERENCE)) {
            problems += "The $name model is not the trained one: logits differ by $difference."
        }
    }

    /** Classifies the user's definitions, or some of the validation's, and writes results and report. */
    fun report(
        trainer: LoraTrainer,
        graph: SameDiff,
    ) {
        val examples = classify(graph)
        val results =
            Results(
                Results.Validation(figures.before, figures.head, figures.validation),
                Results.Test(figures.test.accuracy()),
                (System.nanoTime() - started) / 1e9,
                figures.run.examplesPerSecond(),
                options.settings(),
            )
        results.write(options.output().resolve("results.json"))
        page(trainer, results, examples).write(options.output().resolve("report.html"))
        println(
            "%.0f seconds, %.1f examples/s in training; adapter, results.json and report.html in %s"
                .format(results.seconds(), results.examplesPerSecond(), options.output()),
        )
        check(problems.isEmpty()) { problems.joinToString(" ") }
    }

    override fun close() = tokenizer.close()

    private fun page(
        trainer: LoraTrainer,
        results: Results,
        examples: List<Prediction>,
    ) = GlossReport(
        "all-MiniLM-L6-v2",
        results,
        figures.run.losses().mapIndexed { step, loss -> Point(step + 1, loss) },
        listOf(Point(0, figures.head), Point(options.steps(), figures.validation)),
        trainer.groups().assignments(),
        Confusion.mostFrequent(figures.test, CONFUSIONS),
        examples,
        mapOf("native build" to build, "Java" to System.getProperty("java.version")),
    )

    private fun classify(graph: SameDiff): List<Prediction> {
        val own = options.definitions()
        val shown = task.validation().glosses().take(EXAMPLES)
        val texts = own.ifEmpty { shown.map(Gloss::text) }
        val logits = GlossTask.logits(graph, tokenizer.encode(texts, TokenizedGlosses.MAX_TOKENS))
        return texts.indices.map { i ->
            val actual = if (own.isEmpty()) shown[i].labelName() else null
            Prediction.of(texts[i], actual, logits.getRow(i.toLong())).also { println("  $it") }
        }
    }

    private fun logits(graph: SameDiff): INDArray = GlossTask.logits(graph, task.validation().first(COMPARED))

    /** Prints a line with the seconds since the start. */
    private fun say(text: String) = println("[%3.0f s] %s".format((System.nanoTime() - started) / 1e9, text))

    private fun said(
        stage: String,
        evaluation: Evaluation,
    ): Double {
        val accuracy = evaluation.accuracy()
        say("validation accuracy %-10s %.3f (%d definitions)".format(stage, accuracy, task.validation().size()))
        return accuracy
    }

    private fun groups(assignments: List<Assignment>): String =
        assignments.groupBy { it.group() }.entries.joinToString("\n") { (group, members) ->
            val numbers = members.sumOf { it.parameter().length() }
            "  group %-14s %3d tensors %8d numbers, peak rate %.1e".format(
                group,
                members.size,
                numbers,
                members[0].rate(),
            )
        }

    private companion object {
        const val COMPARED = 512
        const val EXAMPLES = 6
        const val CONFUSIONS = 12
        const val LARGEST_DIFFERENCE = 1e-5
    }
}
