package dev.loraplus.samples

import dev.loraplus.LoraPlus
import dev.loraplus.backend.NativeBuild
import dev.loraplus.models.Bert
import dev.loraplus.models.MiniLm
import dev.loraplus.models.WordPieceTokenizer
import dev.loraplus.optim.Assignment
import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.LoraTrainer
import dev.loraplus.samediff.TrainingResult
import dev.loraplus.samples.gloss.Confusion
import dev.loraplus.samples.gloss.EncodedGlosses
import dev.loraplus.samples.gloss.Gloss
import dev.loraplus.samples.gloss.GlossBatches
import dev.loraplus.samples.gloss.GlossCommand
import dev.loraplus.samples.gloss.GlossOptions
import dev.loraplus.samples.gloss.GlossReport
import dev.loraplus.samples.gloss.GlossSplits
import dev.loraplus.samples.gloss.GlossTask
import dev.loraplus.samples.gloss.HeadAlone
import dev.loraplus.samples.gloss.Point
import dev.loraplus.samples.gloss.Prediction
import dev.loraplus.samples.gloss.Results
import dev.loraplus.samples.gloss.Supersenses
import dev.loraplus.samples.gloss.TokenizedGlosses
import dev.loraplus.samples.gloss.WordNetGlosses
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.evaluation.classification.Evaluation
import org.nd4j.linalg.api.ndarray.INDArray
import java.io.PrintWriter
import java.nio.file.Path
import kotlin.system.exitProcess

/** Fine-tunes a pretrained encoder on WordNet's definitions by LoRA+; see `--help`. */
fun main(args: Array<String>) {
    val code =
        GlossCommand.run(args, { Quickstart(it).run() }, PrintWriter(System.out, true), PrintWriter(System.err, true))
    exitProcess(code)
}

/** The main job: what it prints is what it measured. */
private class Quickstart(
    private val options: GlossOptions,
) {
    private val started = System.nanoTime()
    private val build = NativeBuild.describe()
    private val folder: Path = options.output()

    fun run() {
        println(build)
        MiniLm.tokenizer().use { tokenizer ->
            val splits = GlossSplits.of(WordNetGlosses.read())
            val task = GlossTask.of(splits, options.steps() * options.batch(), tokenizer::encode)
            say("${task.training().size()} of ${splits.train().size} training definitions, 45 classes")
            val adapted = LoraPlus.attach(newGraph(), options.config())
            options.trainer(adapted).build().use { trainer -> finish(trainer, adapted, task, tokenizer) }
        }
    }

    /** Prints a line with the seconds since the start. */
    private fun say(text: String) = println("[%3.0f s] %s".format((System.nanoTime() - started) / 1e9, text))

    /** The pretrained encoder with a new head; the same seed gives the same head. */
    private fun newGraph(): SameDiff = Bert.classifier(MiniLm.weights(Supersenses.count(), options.seed()))

    /** Returns the accuracies before any training and with the head alone, where training with LoRA+ then starts. */
    private fun headAlone(
        trainer: LoraTrainer,
        model: SameDiff,
        task: GlossTask,
    ): Pair<Double, Double> {
        val encoded = EncodedGlosses.of(trainer, task.validation())
        val before = said("before", task, encoded.evaluate(model))
        HeadAlone.start(model, HeadAlone.trained(trainer, model, task, options))
        return before to said("head alone", task, encoded.evaluate(model))
    }

    /** Takes all steps, in more than one pass where the definitions do not suffice. */
    private fun fit(
        trainer: LoraTrainer,
        task: GlossTask,
    ): TrainingResult {
        val batches = GlossBatches.training(task.training(), options.batch(), options.seed())
        return trainer.fit(batches, (options.steps() - 1) / batches.batchesPerPass() + 1)
    }

    private fun finish(
        trainer: LoraTrainer,
        adapted: AdaptedGraph,
        task: GlossTask,
        tokenizer: WordPieceTokenizer,
    ) {
        val head = headAlone(trainer, adapted.graph(), task)
        say(adapted.describe().toString().lineSequence().first())
        println(groups(trainer.groups().assignments()))
        val run = fit(trainer, task)
        val validation = said("LoRA+", task, GlossTask.evaluate(trainer, task.validation()))
        val test = GlossTask.evaluate(trainer, task.test())
        say("test accuracy after LoRA+ %.3f (%d definitions)".format(test.accuracy(), task.test().size()))
        adapted.save(folder.resolve("adapter"))
        val problems = checkReloadAndMerge(adapted, task)
        val examples = classify(adapted.graph(), tokenizer, task)
        val results =
            Results(
                Results.Validation(head.first, head.second, validation),
                Results.Test(test.accuracy()),
                (System.nanoTime() - started) / 1e9,
                run.examplesPerSecond(),
                options.settings(),
            )
        report(trainer, run, results, test, examples)
        check(problems.isEmpty()) { problems.joinToString(" ") }
    }

    private fun said(
        stage: String,
        task: GlossTask,
        evaluation: Evaluation,
    ): Double {
        val accuracy = evaluation.accuracy()
        say("validation accuracy %-10s %.3f (%d definitions)".format(stage, accuracy, task.validation().size()))
        return accuracy
    }

    /** The adapter on a fresh base, and the merged weights, must predict what the trained graph predicts. */
    private fun checkReloadAndMerge(
        adapted: AdaptedGraph,
        task: GlossTask,
    ): List<String> {
        val compared = task.validation().first(COMPARED)
        val trained = GlossTask.logits(adapted.graph(), compared)
        val fresh = newGraph()
        LoraPlus.load(fresh, folder.resolve("adapter"))
        val reloaded = compare("reloaded", trained, GlossTask.logits(fresh, compared))
        adapted.merge()
        return listOfNotNull(reloaded, compare("merged", trained, GlossTask.logits(adapted.graph(), compared)))
    }

    /** Prints how far the logits are from those of the trained model, and returns what is wrong with that, if anything. */
    private fun compare(
        name: String,
        trained: INDArray,
        other: INDArray,
    ): String? {
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
        val wrong = !same || !(difference <= LARGEST_DIFFERENCE)
        return if (wrong) "The $name model is not the trained one: logits differ by $difference." else null
    }

    private fun classify(
        graph: SameDiff,
        tokenizer: WordPieceTokenizer,
        task: GlossTask,
    ): List<Prediction> {
        val own = options.definitions()
        val shown = task.validation().glosses().take(EXAMPLES)
        val texts = own.ifEmpty { shown.map(Gloss::text) }
        val logits = GlossTask.logits(graph, tokenizer.encode(texts, TokenizedGlosses.MAX_TOKENS))
        return texts.indices.map { i ->
            Prediction
                .of(texts[i], if (own.isEmpty()) shown[i].labelName() else null, logits.getRow(i.toLong()))
                .also { println("  $it") }
        }
    }

    private fun report(
        trainer: LoraTrainer,
        run: TrainingResult,
        results: Results,
        test: Evaluation,
        examples: List<Prediction>,
    ) {
        results.write(folder.resolve("results.json"))
        GlossReport(
            "all-MiniLM-L6-v2",
            results,
            run.losses().mapIndexed { step, loss -> Point(step + 1, loss) },
            listOf(
                Point(0, results.validation().head()),
                Point(options.steps(), results.validation().loraplus()),
            ),
            trainer.groups().assignments(),
            Confusion.mostFrequent(test, CONFUSIONS),
            examples,
            mapOf("native build" to build, "Java" to System.getProperty("java.version")),
        ).write(folder.resolve("report.html"))
        println(
            "%.0f seconds, %.1f examples/s in training; adapter, results.json and report.html in %s".format(
                results.seconds(),
                results.examplesPerSecond(),
                folder,
            ),
        )
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
