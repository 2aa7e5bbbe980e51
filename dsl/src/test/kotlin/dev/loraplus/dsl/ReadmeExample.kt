package dev.loraplus.dsl

import dev.loraplus.samediff.AdaptedGraph
import dev.loraplus.samediff.LoraTrainer
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator
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
            targets("query", "value")
            modulesToSave("classifier")
        }
    LoraTrainer
        .builder(adapted)
        .eta(4e-4)
        .features("input")
        .labels("labels")
        .build()
        .use { it.fit(data, 3) }
    adapted.save(folder)
    adapted.merge()
    // README: end
    return adapted
}
