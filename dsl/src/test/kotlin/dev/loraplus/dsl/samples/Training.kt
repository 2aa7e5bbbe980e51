package dev.loraplus.dsl.samples

import dev.loraplus.dsl.OptimizerScope
import dev.loraplus.dsl.ScheduleScope
import dev.loraplus.dsl.lora
import dev.loraplus.dsl.train
import dev.loraplus.dsl.trainer
import dev.loraplus.optim.Grouping
import dev.loraplus.optim.Optimizers
import dev.loraplus.samediff.training.Metric
import org.nd4j.autodiff.listeners.impl.ScoreListener
import kotlin.math.sqrt

internal fun train() {
    val adapted = Given.graph().lora(rank = 2, lambda = 16)
    val result =
        adapted.train(Given.data(), epochs = 3) {
            features("input")
            labels("labels")
            optimizer { adamW(eta = 4e-3) }
            progress = false
        }
    check(result.steps() == 6L && result.losses().last() < result.losses().first())
}

internal fun trainInMemory() {
    val adapted = Given.graph().lora(rank = 2, lambda = 16)
    val result =
        adapted.train(Given.examples(), epochs = 2, batch = 4) {
            features("input")
            labels("labels")
            optimizer { adamW(eta = 4e-3) }
            progress = false
        }
    check(result.steps() == 6L && result.examples() == 20L)
}

internal fun graphOptimizer() {
    val adapted = Given.graph().lora(rank = 2, lambda = 16) { targets { modulesToSave("classifier") } }
    adapted
        .trainer {
            optimizer {
                adamW(eta = 4e-3, beta2 = 0.99)
                weightDecay = 0.01
                clip = 1
                grouping = Grouping.REFERENCE
            }
        }.use { trainer ->
            check(trainer.groups().assignments().any { it.group() == "B_no_decay" && it.rate() == 16 * 4e-3 })
        }
}

internal fun methods() {
    val choices =
        listOf<OptimizerScope.() -> Unit>(
            { adam(eta = 1e-3, beta1 = 0.8) },
            { amsGrad(eta = 1e-3) },
            { nadam(eta = 1e-3) },
            { nadam(eta = 1e-3, momentumDecay = 1e-2) },
            { sgd(eta = 1e-2, momentum = 0) },
            { nesterov(eta = 1e-2, momentum = 0.9) },
            { rmsProp(eta = 1e-3) },
            { rmsProp(eta = 1e-3, alpha = 0.9, epsilon = 1e-6) },
            { adaGrad(eta = 1e-2) },
        )
    val batch = mapOf("input" to Given.examples().features, "labels" to Given.examples().labels)
    choices.forEach { choice ->
        Given.graph().lora(rank = 2, lambda = 4).trainer { optimizer(choice) }.use {
            val first = it.step(batch)
            check(it.step(batch) < first)
        }
    }
}

internal fun ownMethod() {
    val plain = Given.graph().lora(rank = 2).trainer { optimizer { method(eta = 1e-2, Optimizers.sgd(0.5)) } }
    plain.close()
}

internal fun schedules() {
    val adapted = Given.graph().lora(rank = 2)
    adapted
        .trainer {
            features("input")
            labels("labels")
            maxSteps = 20
            optimizer {
                adamW(eta = 4e-3)
                schedule {
                    warmUp = 2
                    cosine(steps = 20)
                }
            }
            progress = false
        }.use { check(it.fit(Given.data(), 10).steps() == 20L) }

    val network =
        Given.network().lora(rank = 2) {
            optimizer {
                adamW(eta = 1e-2)
                schedule {
                    warmUp = 4
                    linear(steps = 20)
                }
            }
        }
    check(network.model().getLearningRate(0) == 1e-2 / 4)
}

internal fun moreSchedules() {
    val schedules =
        listOf<ScheduleScope.() -> Unit>(
            {
                warmUpShare = 0.1
                cosineWithRestarts(steps = 40, cycles = 2)
            },
            { polynomial(steps = 40, power = 2, end = 0.1) },
            {
                warmUp = 4
                inverseSquareRoot()
            },
        )
    schedules.forEach {
        val adapted =
            Given.network().lora(rank = 2) {
                optimizer {
                    adamW(eta = 1e-2)
                    schedule(it)
                }
            }
        check(adapted.model().getLearningRate(0) <= 1e-2)
    }
}

internal fun ownSchedule() {
    val adapted = Given.graph().lora(rank = 2)
    adapted
        .trainer {
            optimizer {
                adamW(eta = 4e-3)
                schedule { step -> 1 / sqrt(step + 1.0) }
            }
        }.close()
}

internal fun listeners() {
    val norms = mutableListOf<Double>()
    val file = Given.folder().resolve("metrics.jsonl")
    val adapted = Given.graph().lora(rank = 2)
    adapted.train(Given.data(), epochs = 1) {
        features("input")
        labels("labels")
        optimizer { adamW(eta = 4e-3) }
        listeners(ScoreListener(10))
        onStep { norms += it.gradientNorm() }
        metrics(file)
        progress = false
    }
    check(norms.size == 2 && file.toFile().readLines().size == 2)
}

internal fun unevenClasses() {
    val adapted = Given.graph().lora(rank = 2)
    val result =
        adapted.train(Given.data(), epochs = 3) {
            features("input")
            labels("labels")
            optimizer { adamW(eta = 4e-3) }
            accumulate = 2
            labelSmoothing = 0.1
            classWeights(1, 1, 2.5)
            progress = false
        }
    check(result.steps() == 3L)
}

internal fun masks() {
    val adapted = Given.graph().lora(rank = 2)
    val result =
        adapted.train(Given.data(), epochs = 1) {
            features("input")
            featureMasks()
            labels("labels")
            labelMasks()
            optimizer { adamW(eta = 4e-3) }
            progress = false
        }
    check(result.steps() == 2L)
}

internal fun checkpoint() {
    val adapterFolder = Given.folder()
    val checkpoints = Given.folder()

    fun trained(epochs: Int) =
        Given.graph().lora(rank = 2).train(Given.data(), epochs) {
            features("input")
            labels("labels")
            optimizer { adamW(eta = 4e-3) }
            save(adapterFolder, every = 1)
            checkpoint(checkpoints, every = 1, keepLast = 2, resume = true)
            progress = false
        }
    trained(epochs = 1)
    trained(epochs = 3)
    check(adapterFolder.resolve("adapter_model.safetensors").toFile().exists())
}

internal fun evaluation() {
    val best = Given.folder()
    val adapted = Given.graph().lora(rank = 2)
    val result =
        adapted.train(Given.data(), epochs = 20) {
            features("input")
            labels("labels")
            optimizer { adamW(eta = 4e-3) }
            evaluate(Metric.loss(Given.data())) {
                keepBest(best)
                earlyStop(patience = 2, minDelta = 0.5)
            }
            progress = false
        }
    check(result.steps() < 40L)
    check(best.resolve("adapter_model.safetensors").toFile().exists())
}

internal fun stepByStep() {
    val adapted = Given.graph().lora(rank = 2)
    val trainer = adapted.trainer { optimizer { adamW(eta = 4e-3) } }
    val batch = mapOf("input" to Given.examples().features, "labels" to Given.examples().labels)
    trainer.use {
        val first = it.step(batch)
        repeat(3) { _ -> it.step(batch) }
        check(it.step(batch) < first)
    }
}
