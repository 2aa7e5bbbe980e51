package dev.loraplus.dsl

import dev.loraplus.samediff.AdaptedGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator
import java.io.File
import java.nio.file.Path

/** The Kotlin code of the README, which [ReadmeTest] compares and runs. */
internal fun readmeExample(
    graph: SameDiff,
    data: MultiDataSetIterator,
    folder: Path,
): AdaptedGraph {
    // README: begin
    val adapted =
        graph.lora(rank = 8, lambda = 16) {
            targets {
                include("query", "value")
                modulesToSave("classifier")
            }
        }
    adapted.train(data, epochs = 3) {
        optimizer { adamW(eta = 4e-4) }
        features("input")
        labels("labels")
    }
    adapted.save(folder)
    adapted.merge()
    // README: end
    return adapted
}

/** The Kotlin code of the README for networks. */
internal fun readmeExample(
    base: MultiLayerNetwork,
    data: DataSetIterator,
    zip: File,
): MultiLayerNetwork {
    // README networks: begin
    val adapted =
        base.lora(rank = 4, lambda = 8) {
            targets {
                allLinear()
                modulesToSave("output")
            }
        }
    adapted.train(data, epochs = 5)
    adapted.model().save(zip)
    val merged = adapted.merge()
    // README networks: end
    return merged
}
