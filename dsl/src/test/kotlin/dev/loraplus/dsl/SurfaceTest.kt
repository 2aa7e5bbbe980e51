package dev.loraplus.dsl

import dev.loraplus.Bias
import dev.loraplus.Initialization
import dev.loraplus.LoraConfig
import dev.loraplus.Targets
import dev.loraplus.network.LoraLayer
import dev.loraplus.network.LoraPlusVertex
import dev.loraplus.network.NamedNetworks
import dev.loraplus.network.NetworkOptions
import dev.loraplus.network.Storage
import dev.loraplus.optim.Grouping
import dev.loraplus.optim.Optimizers
import dev.loraplus.optim.PeakRate
import dev.loraplus.optim.Schedule
import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.NamedAdapters
import dev.loraplus.samediff.training.LoraTrainerBuilder
import dev.loraplus.samediff.training.LossAverage
import dev.loraplus.samediff.training.Metric
import io.kotest.core.spec.style.FreeSpec
import io.kotest.matchers.shouldBe
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.learning.config.Sgd
import java.lang.reflect.Modifier
import java.nio.file.Path

/** Whatever core can be told, the DSL can tell it: a method of core without a line here fails. */
class SurfaceTest :
    FreeSpec({
        "LoraConfig.Builder" {
            methods<LoraConfig.Builder>() shouldBe
                setOf(
                    "rank" by { lora(rank = 4) },
                    "lambda" by { lora(lambda = 4) },
                    "alpha" by { lora(alpha = 4) },
                    "dropout" by { graph { dropout = 0.1 } },
                    "headRate" by { graph { headRate = 1e-3 } },
                    "initialization" by { graph { initialization = Initialization.B_RANDOM_A_ZERO } },
                    "seed" by { graph { seed = 1 } },
                    "embeddingRate" by { graph { embeddingRate = 1e-3 } },
                    "rankPattern" by { graph { pattern(".*query", rank = 4) } },
                    "lambdaPattern" by { graph { pattern(".*query", lambda = 4) } },
                    "alphaPattern" by { graph { pattern(".*query", alpha = 4) } },
                    "rsLora" by { graph { rsLora = true } },
                    "dora" by { graph { dora = true } },
                    "bias" by { graph { bias = Bias.ALL } },
                    "loraBias" by { graph { loraBias = true } },
                    "layersToTransform" by { graph { targets { layersToTransform(0) } } },
                    "layersPattern" by { graph { targets { layersPattern("layer") } } },
                    "targets" by { graph { targets { include("query") } } },
                    "modulesToSave" by { graph { targets { modulesToSave("classifier") } } },
                    "build" by atTheEnd,
                )
        }

        "Targets" {
            methods<Targets>() shouldBe
                setOf(
                    "named" by { network { targets { include("query") } } },
                    "glob" by { network { targets { glob("*.query") } } },
                    "regex" by { network { targets { regex(".*query") } } },
                    "allLinear" by { network { targets { allLinear() } } },
                    "none" by { network { targets { none() } } },
                    "index" by { network { targets { index(0) } } },
                    "layerClass" by { network { targets { byType<DenseLayer>() } } },
                    "exclude" by { network { targets { exclude { index(0) } } } },
                    "and" by atTheEnd,
                    "resolve" by attaching,
                )
        }

        "LoraLayer.Builder" {
            methods<LoraLayer.Builder>() shouldBe
                setOf(
                    "rank" by { lora(rank = 4) around dense },
                    "lambda" by { lora(lambda = 4) around dense },
                    "alpha" by { lora(alpha = 4) around dense },
                    "dropout" by { lora { dropout = 0.1 } around dense },
                    "initialization" by { lora { initialization = Initialization.B_RANDOM_A_ZERO } around dense },
                    "seed" by { lora { seed = 1 } around dense },
                    "weights" by { lora { weights("W") } around dense },
                    "build" by atTheEnd,
                )
        }

        "LoraPlusVertex.Builder" {
            methods<LoraPlusVertex.Builder>() shouldBe
                setOf(
                    "name" by { vertex { } },
                    "rank" by { it: GraphBuilder -> it.loraPlusVertex("v", "a", "b", rank = 4) { } },
                    "lambda" by { it: GraphBuilder -> it.loraPlusVertex("v", "a", "b", lambda = 4) { } },
                    "alpha" by { it: GraphBuilder -> it.loraPlusVertex("v", "a", "b", alpha = 4) { } },
                    "nIn" by { vertex { nIn = 7 } },
                    "nOut" by { vertex { nOut = 6 } },
                    "initialization" by { vertex { initialization = Initialization.B_RANDOM_A_ZERO } },
                    "seed" by { vertex { seed = 1 } },
                    "updater" by { vertex { optimizer { updater(Sgd(0.1)) } } },
                    "weightDecay" by { vertex { optimizer { weightDecay = 0.1 } } },
                    "build" by atTheEnd,
                )
        }

        "NetworkOptions" {
            methods<NetworkOptions>() shouldBe
                setOf(
                    "withStorage" by { network { storage = Storage.EMBEDDED } },
                    "withFineTune" by { network { fineTune { l2(0.1) } } },
                    "defaults" by atTheEnd,
                    "storage" by attaching,
                    "fineTune" by attaching,
                )
        }

        "LoraTrainerBuilder" {
            methods<LoraTrainerBuilder>() shouldBe
                setOf(
                    "eta" by { trainer { optimizer { adamW(eta = 1e-3) } } },
                    "optimizer" by { trainer { optimizer { method(1e-3, Optimizers.adam()) } } },
                    "weightDecay" by { trainer { optimizer { weightDecay = 0.1 } } },
                    "grouping" by { trainer { optimizer { grouping = Grouping.REFERENCE } } },
                    "schedule" by { trainer { optimizer { schedule { step -> 1.0 / (step + 1) } } } },
                    "maxGradientNorm" by { trainer { optimizer { clip = 1 } } },
                    "features" by { trainer { features("input") } },
                    "labels" by { trainer { labels("labels") } },
                    "listeners" by { trainer { listeners() } },
                    "progress" by { trainer { progress = false } },
                    "kernels" by { trainer { kernels = false } },
                    "maxSteps" by { trainer { maxSteps = 4 } },
                    "saveTo" by { trainer { save(folder) } },
                    "saveEvery" by { trainer { save(folder, every = 4) } },
                    "checkpoints" by { trainer { checkpoint(folder) } },
                    "checkpointEvery" by { trainer { checkpoint(folder, every = 4) } },
                    "keepLast" by { trainer { checkpoint(folder, keepLast = 2) } },
                    "resume" by { trainer { checkpoint(folder, resume = true) } },
                    "evaluate" by { it: Metric -> trainer { evaluate(it, every = 4) } },
                    "keepBest" by { it: Metric -> trainer { evaluate(it) { keepBest(folder) } } },
                    "earlyStopping" by
                        { it: Metric -> trainer { evaluate(it) { earlyStop(patience = 3, minDelta = 0) } } },
                    "metrics" by { trainer { metrics(folder) } },
                    "onStep" by { trainer { onStep { println(it) } } },
                    "accumulate" by { trainer { accumulate = 4 } },
                    "lossAverage" by { trainer { lossAverage = LossAverage.SUM } },
                    "labelSmoothing" by { trainer { labelSmoothing = 0.1 } },
                    "classWeights" by { trainer { classWeights(1, 2.5) } },
                    "featureMasks" by { trainer { featureMasks("mask") } },
                    "labelMasks" by { trainer { labelMasks("mask") } },
                    "build" by { it: AdaptedGraph -> it.trainer { } },
                )
        }

        "PeakRate, the schedule of a network's updater" {
            methods<PeakRate>() shouldBe
                setOf(
                    "constant" by { rate { warmUp = 2 } },
                    "linear" by { rate { linear(steps = 9) } },
                    "cosine" by { rate { cosine(steps = 9) } },
                    "cosineWithRestarts" by { rate { cosineWithRestarts(steps = 9, cycles = 2) } },
                    "polynomial" by { rate { polynomial(steps = 9, power = 2, end = 0) } },
                    "inverseSquareRoot" by { rate { inverseSquareRoot() } },
                    "valueAt" by attaching,
                    "clone" by attaching,
                )
        }

        "Optimizers" {
            methods<Optimizers>() shouldBe
                setOf(
                    "adamW" by { trainer { optimizer { adamW(1e-3, beta1 = 0.8, beta2 = 0.9, epsilon = 1e-6) } } },
                    "adam" by { trainer { optimizer { adam(1e-3) } } },
                    "amsGrad" by { trainer { optimizer { amsGrad(1e-3) } } },
                    "nadam" by { trainer { optimizer { nadam(1e-3, momentumDecay = 1e-2) } } },
                    "sgd" by { trainer { optimizer { sgd(1e-3, momentum = 0.9) } } },
                    "nesterov" by { trainer { optimizer { nesterov(1e-3, momentum = 0.9) } } },
                    "rmsProp" by { trainer { optimizer { rmsProp(1e-3, alpha = 0.9, epsilon = 1e-6) } } },
                    "adaGrad" by { trainer { optimizer { adaGrad(1e-3) } } },
                )
        }

        "NamedAdapters" {
            methods<NamedAdapters>() shouldBe
                setOf(
                    "on" by { it: SameDiff -> it.adapters { } },
                    "add" by { adapters { adapter("legal", rank = 4) } },
                    "load" by { adapters { adapter("legal", folder) } },
                    "activate" by { adapters { activate("legal") } },
                    "setScale" by { adapters { scale("legal", 0.5) } },
                    "addLinear" by { adapters { linear("both", "legal" to 0.5, "medical" to 0.5) } },
                    "addCat" by { adapters { cat("both", "legal" to 0.5, "medical" to 0.5) } },
                    "addSvd" by { adapters { svd("both", "legal" to 0.5, "medical" to 0.5, rank = 4) } },
                    "names" by onTheHandle,
                    "active" by onTheHandle,
                    "model" by onTheHandle,
                    "adapted" by onTheHandle,
                    "adapter" by onTheHandle,
                    "scale" by onTheHandle,
                    "remove" by onTheHandle,
                    "save" by onTheHandle,
                )
        }

        "NamedNetworks" {
            methods<NamedNetworks<*>>() shouldBe
                setOf(
                    "on" by { it: MultiLayerNetwork -> it.adapters { } },
                    "add" by { networks { adapter("legal", rank = 4) { storage = Storage.EMBEDDED } } },
                    "load" by { networks { adapter("legal", folder) { lambda = 4 } } },
                    "activate" by { networks { activate("legal") } },
                    "setScale" by { networks { scale("legal", 0.5) } },
                    "addLinear" by { networks { linear("both", "legal" to 0.5, "medical" to 0.5) } },
                    "addCat" by { networks { cat("both", "legal" to 0.5, "medical" to 0.5) } },
                    "addSvd" by { networks { svd("both", "legal" to 0.5, "medical" to 0.5, rank = 4) } },
                    "names" by onTheHandle,
                    "active" by onTheHandle,
                    "model" by onTheHandle,
                    "adapted" by onTheHandle,
                    "adapter" by onTheHandle,
                    "scale" by onTheHandle,
                    "remove" by onTheHandle,
                    "save" by onTheHandle,
                )
        }

        "Schedule" {
            methods<Schedule>() shouldBe
                setOf(
                    "constant" by { schedule { warmUp = 2 } },
                    "linear" by { schedule { linear(steps = 9) } },
                    "cosine" by { schedule { cosine(steps = 9) } },
                    "cosineWithRestarts" by { schedule { cosineWithRestarts(steps = 9, cycles = 2) } },
                    "polynomial" by { schedule { polynomial(steps = 9, power = 2, end = 0) } },
                    "inverseSquareRoot" by { schedule { inverseSquareRoot() } },
                    "warmUpSteps" by { schedule { warmUpShare = 0.1 } },
                    "factor" by { trainer { optimizer { schedule { step -> 1.0 / (step + 1) } } } },
                )
        }
    })

private val folder = Path.of("folder")

private val dense = DenseLayer.Builder().nIn(7).nOut(6)

/** Needs no words: the end of a block does it. */
private val atTheEnd = {}

/** Read by core when the adapter is attached, not said by anybody. */
private val attaching = {}

/** Called on what the DSL returns. */
private val onTheHandle = {}

/** A method of core, and what compiles in its place. */
@Suppress("UnusedParameter", "UNUSED_PARAMETER")
private infix fun String.by(counterpart: Function<*>): String = this

private inline fun <reified T> methods(): Set<String> =
    T::class.java.declaredMethods
        .filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic }
        .map { it.name }
        .toSet() - setOf("equals", "hashCode", "toString")

private fun graph(block: GraphLoraScope.() -> Unit) = GraphLoraScope(null, null, null).apply(block)

private fun network(block: NetworkLoraScope.() -> Unit) = NetworkLoraScope(null, null, null).apply(block)

private fun trainer(block: TrainScope.() -> Unit) = TrainScope().apply(block)

private fun adapters(block: AdaptersScope.() -> Unit) = block

private fun networks(block: NetworkAdaptersScope<ComputationGraph>.() -> Unit) = block

private fun vertex(block: VertexScope.() -> Unit) = VertexScope().apply(block)

private fun schedule(block: ScheduleScope.() -> Unit) = trainer { optimizer { schedule(block) } }

private fun rate(block: ScheduleScope.() -> Unit) = network { optimizer { schedule(block) } }
