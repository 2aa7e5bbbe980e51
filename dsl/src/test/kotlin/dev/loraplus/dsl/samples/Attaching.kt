package dev.loraplus.dsl.samples

import dev.loraplus.dsl.adapter
import dev.loraplus.dsl.adapters
import dev.loraplus.dsl.lora
import dev.loraplus.dsl.loraPlusVertex
import dev.loraplus.dsl.withAdapterDisabled
import org.deeplearning4j.nn.conf.inputs.InputType
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.conf.layers.LSTM
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.linalg.activations.Activation
import org.nd4j.linalg.learning.config.Adam

internal fun sameDiff() {
    val graph = Given.graph()
    val adapted =
        graph.lora(rank = 2, lambda = 16) {
            targets {
                include("query", "value")
                modulesToSave("classifier")
            }
            headRate = 5e-3
        }
    check(adapted.adapter().factors().size == 3)
    check(adapted.adapter().saved().keys == setOf("classifier.weight", "classifier.bias"))
}

internal fun multiLayerNetwork() {
    val base = Given.network()
    val adapted = base.lora(rank = 2, lambda = 8) { targets { include("hidden") } }
    val network: MultiLayerNetwork = adapted.model()
    check(network.output(Given.features()) == base.output(Given.features()))
}

internal fun computationGraph() {
    val base = Given.graphOfLayers()
    val adapted = base.lora(rank = 2, lambda = 8) { targets { include("hidden") } }
    val graph: ComputationGraph = adapted.model()
    check(graph.outputSingle(Given.features()) == base.outputSingle(Given.features()))
}

internal fun aroundLayers() {
    val hidden =
        lora(rank = 2, lambda = 16) around
            DenseLayer
                .Builder()
                .nIn(7)
                .nOut(6)
                .build()
    val second = lora(rank = 3) { seed = 7 } around DenseLayer.Builder().nIn(6).nOut(5)
    val configuration =
        Given
            .settings()
            .list()
            .layer(0, hidden)
            .layer(1, second)
            .layer(2, Given.output(5))
            .build()
    val network = MultiLayerNetwork(configuration).apply { init() }
    check(network.getParam("0_WloraA").shape().toList() == listOf(7L, 2L))
    check(network.getParam("1_WloraB").shape().toList() == listOf(3L, 5L))
}

internal fun recurrentWeightsOnly() {
    val lstm = lora(rank = 2) { weights("RW") } around LSTM.Builder().nIn(7).nOut(5)
    val output =
        RnnOutputLayer
            .Builder()
            .nIn(5)
            .nOut(3)
            .activation(Activation.SOFTMAX)
    val network =
        MultiLayerNetwork(
            Given
                .settings()
                .list()
                .layer(lstm)
                .layer(output.build())
                .build(),
        ).apply { init() }
    check("0_RWloraA" in network.paramTable() && "0_WloraA" !in network.paramTable())
}

internal fun vertex() {
    val configuration =
        Given
            .settings()
            .graphBuilder()
            .addInputs("in")
            .setInputTypes(InputType.feedForward(7))
            .addLayer("dense", DenseLayer.Builder().nOut(5).build(), "in")
            .loraPlusVertex("lora", from = "in", to = "dense", rank = 2, lambda = 4) {
                optimizer { adamW(eta = 1e-3) }
            }.addLayer("output", Given.output(5), "lora")
            .setOutputs("output")
            .build()
    val graph = ComputationGraph(configuration).apply { init() }
    check(
        graph
            .paramTable()
            .getValue("lora_loraA")
            .shape()
            .toList() == listOf(7L, 2L),
    )
}

internal fun disabled() {
    val base = Given.network()
    val before = base.output(Given.features())
    val adapted = base.lora(rank = 2).apply { model().fit(Given.data(), 3) }
    val trained = adapted.model().output(Given.features())
    check(adapted.withAdapterDisabled { adapted.model().output(Given.features()) } == before)
    check(adapted.model().output(Given.features()) == trained && trained != before)
}

internal fun namedAdapters() {
    val folder = Given.folder()
    Given.graph().lora(rank = 2) { targets { include("query") } }.save(folder)

    val adapters =
        Given.graph().adapters {
            adapter("legal", folder)
            adapter("medical", rank = 3, lambda = 8) { targets { include("value") } }
        }
    check(adapters.names() == listOf("legal", "medical") && adapters.active() == listOf("medical"))
    adapters.activate("legal")
    check(adapters.adapted().config().rank() == 2)
}

internal fun combinedAdapters() {
    val adapters =
        Given.graph().adapters {
            adapter("legal", rank = 2)
            adapter("medical", rank = 2) { seed = 1 }
            scale("legal", 0.5)
            linear("mean", "legal" to 0.5, "medical" to 0.5)
            cat("sum", "legal" to 1, "medical" to 1)
            svd("best", "legal" to 1, "medical" to 1, rank = 3)
            activate("legal", "medical")
        }
    check(adapters.active() == listOf("legal", "medical"))
    adapters.activate("best")
    check(adapters.adapted().config().rank() == 3)
}

internal fun namedNetworks() {
    val folder = Given.folder()
    Given.network().lora(rank = 2) { targets { include("hidden") } }.save(folder)

    val base = Given.network()
    val adapters =
        base.adapters {
            adapter("legal", folder) { optimizer { adamW(eta = 1e-3) } }
            adapter("medical", rank = 3, lambda = 8) { targets { include("second") } }
        }
    check(adapters.active() == listOf("medical"))
    adapters.model().fit(Given.data(), 2)
    adapters.activate("legal")
    val legal: MultiLayerNetwork = adapters.model()
    check(legal.output(Given.features()) == base.output(Given.features()))
}

internal fun combinedNetworks() {
    val adapters =
        Given.graphOfLayers().adapters {
            adapter("legal", rank = 2)
            adapter("medical", rank = 2) { seed = 1 }
            scale("legal", 0.5)
            linear("mean", "legal" to 0.5, "medical" to 0.5)
            cat("sum", "legal" to 1, "medical" to 1)
            svd("best", "legal" to 1, "medical" to 1, rank = 3)
            activate("legal", "medical")
        }
    val both: ComputationGraph = adapters.model()
    check(both.outputSingle(Given.features()).columns() == 3)
    adapters.activate("best")
    check(adapters.adapted().config().rank() == 3)
}

internal fun loadOntoGraph() {
    val folder = Given.folder()
    Given.graph().lora(rank = 2) { targets { include("query") } }.save(folder)

    val adapted =
        Given.graph().adapter(folder) {
            lambda = 8
            pattern("layer.1.query", lambda = 4)
        }
    check(adapted.config().lambdaOf("layer.0.query.weight") == 8.0)
    check(adapted.config().lambdaOf("layer.1.query.weight") == 4.0)
}

internal fun loadOntoNetwork() {
    val folder = Given.folder()
    val trained = Given.network().lora(rank = 2).apply { model().fit(Given.data(), 3) }
    trained.save(folder)

    val adapted =
        Given.network().adapter(folder) {
            lambda = 8
            optimizer { adamW(eta = 1e-3) }
        }
    check(adapted.model().output(Given.features()) == trained.model().output(Given.features()))
}

internal fun loadOntoGraphOfLayers() {
    val folder = Given.folder()
    Given.graphOfLayers().lora(rank = 2) { targets { include("hidden") } }.save(folder)

    val adapted = Given.graphOfLayers().adapter(folder) { fineTune { updater(Adam(1e-4)) } }
    check(adapted.adapter().factors().keys == setOf("hidden.W"))
}
