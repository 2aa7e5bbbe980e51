package dev.loraplus.dsl.samples

import dev.loraplus.dsl.lora
import dev.loraplus.dsl.train
import org.deeplearning4j.nn.conf.GradientNormalization
import org.deeplearning4j.optimize.listeners.CollectScoresListener
import org.nd4j.evaluation.classification.Evaluation
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter
import org.nd4j.linalg.learning.config.Nesterovs

internal fun trainNetwork() {
    val adapted = Given.network().lora(rank = 2, lambda = 8)
    val before = adapted.model().score(Given.examples())
    adapted.train(Given.data(), epochs = 5)
    check(adapted.model().score(Given.examples()) < before)
}

internal fun trainNetworkInMemory() {
    val adapted = Given.network().lora(rank = 2, lambda = 8)
    adapted.train(Given.examples(), epochs = 2, batch = 4)
    check(adapted.model().iterationCount == 6)
}

internal fun trainGraphOfLayers() {
    val adapted = Given.graphOfLayers().lora(rank = 2, lambda = 8)
    val before = adapted.model().score(Given.examples())
    adapted.train(MultiDataSetIteratorAdapter(Given.data()), epochs = 5)
    check(adapted.model().score(Given.examples()) < before)
}

internal fun networkOptimizer() {
    val adapted =
        Given.network().lora(rank = 2, lambda = 8) {
            optimizer {
                adamW(eta = 1e-3)
                weightDecay = 0.01
                clip(GradientNormalization.ClipL2PerLayer, 1)
            }
        }
    check(adapted.model().getLearningRate(0) == 1e-3)
}

internal fun networkUpdater() {
    val adapted = Given.network().lora(rank = 2, lambda = 8) { optimizer { updater(Nesterovs(0.1, 0.9)) } }
    check(adapted.model().getLearningRate(0) == 0.1)
}

internal fun fineTune() {
    val adapted =
        Given.network().lora(rank = 2, lambda = 8) {
            optimizer { adamW(eta = 1e-3) }
            fineTune { dropOut(0.9) }
        }
    check(adapted.model().getLearningRate(0) == 1e-3)
}

internal fun networkListeners() {
    val scores = CollectScoresListener(1)
    val adapted = Given.network().lora(rank = 2, lambda = 8)
    adapted.train(Given.data(), epochs = 3) {
        listeners(scores)
        progress(every = 10)
    }
    check(scores.listScore.size == 6)
    check(adapted.model().listeners.isEmpty())
}

internal fun networkEvaluation() {
    val accuracies = mutableListOf<Double>()
    Given.network().lora(rank = 2, lambda = 8).train(Given.data(), epochs = 3) {
        evaluate(Given.data(), Evaluation()) { accuracies += it.accuracy() }
    }
    check(accuracies.size == 3)
}

internal fun networkCheckpoints() {
    val folder = Given.folder()
    Given.network().lora(rank = 2, lambda = 8).train(Given.data(), epochs = 3) {
        checkpoint(folder, keepLast = 2)
    }
    check(
        folder
            .toFile()
            .list()
            .orEmpty()
            .count { it.endsWith(".zip") } == 2,
    )
}

internal fun networkEarlyStop() {
    val adapted = Given.network().lora(rank = 2, lambda = 8)
    val training =
        adapted.train(Given.data(), epochs = 20) {
            earlyStop(validation = Given.data()) {
                patience = 2
                minImprovement = 0.01
            }
        }
    check(adapted.model().score(Given.examples()) < 1.5 && training.bestEpoch != null)
}
