package dev.loraplus.dsl.samples

import dev.loraplus.dsl.lora
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.conf.layers.OutputLayer

internal fun targetsByName() {
    val adapted =
        Given.graph().lora(rank = 2) {
            targets {
                include("query", "layer.0.value")
                modulesToSave("classifier")
            }
        }
    check(adapted.adapter().factors().size == 3)
}

internal fun targetsByPattern() {
    val globs = Given.graph().lora(rank = 2) { targets { glob("layer.?.query*") } }
    val regex = Given.graph().lora(rank = 2) { targets { regex(".*layer\\.[01]\\.query.*") } }
    check(globs.adapter().factors().keys == setOf("layer.0.query.weight", "layer.1.query.weight"))
    check(regex.adapter().factors().keys == globs.adapter().factors().keys)
}

internal fun targetsByLayer() {
    val adapted =
        Given.network().lora(rank = 2) {
            targets {
                byType<DenseLayer>()
                index(2)
            }
        }
    check(adapted.adapter().factors().keys == setOf("hidden.W", "second.W", "output.W"))
}

internal fun allButSome() {
    val adapted =
        Given.graph().lora(rank = 2) {
            targets {
                allLinear()
                exclude("classifier")
                exclude {
                    glob("layer.1.*")
                    regex(".*value.*")
                }
            }
        }
    check(adapted.adapter().factors().keys == setOf("layer.0.query.weight"))
}

internal fun headAlone() {
    val adapted =
        Given.graph().lora {
            targets {
                none()
                modulesToSave("classifier")
            }
        }
    check(adapted.adapter().factors().isEmpty())
    check(adapted.adapter().saved().keys == setOf("classifier.weight", "classifier.bias"))
}

internal fun embeddingsAlone() {
    val adapted =
        Given.wordNetwork().lora(rank = 2) {
            targets {
                include("words", "output")
                exclude { allLinear() }
            }
        }
    check(adapted.adapter().factors().keys == setOf("words.W"))
}

internal fun layersLeftOut() {
    val adapted =
        Given.network().lora(rank = 2) {
            targets {
                exclude {
                    byType<OutputLayer>()
                    index(0)
                }
            }
        }
    check(adapted.adapter().factors().keys == setOf("second.W"))
}

internal fun layersToTransform() {
    val adapted =
        Given.graph().lora(rank = 2) {
            targets {
                include("query")
                layersToTransform(1)
                layersPattern("layer")
            }
        }
    check(adapted.adapter().factors().keys == setOf("layer.1.query.weight"))
}

internal fun patterns() {
    val adapted =
        Given.graph().lora(rank = 2, lambda = 16) {
            targets { include("query", "value") }
            pattern("value", rank = 3, lambda = 4)
        }
    check(adapted.config().rankOf("layer.0.value.weight") == 3)
    check(adapted.config().lambdaOf("layer.0.value.weight") == 4.0)
}
