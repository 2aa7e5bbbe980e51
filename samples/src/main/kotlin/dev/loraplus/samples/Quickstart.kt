package dev.loraplus.samples

import dev.loraplus.dsl.adapter
import dev.loraplus.dsl.lora
import dev.loraplus.dsl.trainer
import dev.loraplus.models.Bert
import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.training.LoraTrainer
import dev.loraplus.samples.gloss.GlossCommand
import dev.loraplus.samples.gloss.GlossOptions
import dev.loraplus.samples.gloss.GlossRun
import org.nd4j.autodiff.samediff.SameDiff
import java.io.PrintWriter
import kotlin.system.exitProcess

/** Fine-tunes a pretrained encoder on WordNet's definitions by LoRA+; see `--help`. In Java: [QuickstartJava]. */
fun main(args: Array<String>) {
    exitProcess(GlossCommand.run(args, ::quickstart, PrintWriter(System.out, true), PrintWriter(System.err, true)))
}

private fun quickstart(options: GlossOptions) =
    GlossRun(options).use { run ->
        val adapted = run.newGraph().adapted(options)
        adapted.trainer(options).use { trainer ->
            run.trainHeadAlone(trainer, adapted)
            run.train(trainer)
            run.evaluate(trainer, adapted.graph())

            adapted.save(run.adapterFolder())
            run.compare("reloaded", run.newGraph().adapter(run.adapterFolder()).graph())
            run.compare("merged", adapted.merge())
            run.report(trainer, adapted.graph())
        }
    }

/** Attaches factors to the encoder; its new head is trained fully. */
internal fun SameDiff.adapted(options: GlossOptions): AdaptedGraph =
    lora(options.rank(), options.lambda()) {
        targets {
            if (options.isAllLinear) allLinear() else include(*options.targets().toTypedArray())
            modulesToSave("classifier")
        }
        headRate = options.headRate()
        seed = options.seed()
    }

/** Trains at these rates: a tenth of the steps to warm up, then a linear decay. */
internal fun AdaptedGraph.trainer(options: GlossOptions): LoraTrainer =
    trainer {
        features(Bert.INPUT_IDS, Bert.ATTENTION_MASK)
        labels(Bert.LABELS)
        maxSteps = options.steps().toLong()
        optimizer {
            adamW(eta = options.eta())
            schedule {
                warmUp = options.steps() / 10
                linear(steps = options.steps())
            }
        }
    }
