package example

import dev.loraplus.dsl.lora
import dev.loraplus.dsl.train
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.linalg.dataset.DataSet
import java.nio.file.Path

/** Adapts a network, saves the adapter and returns the merged network. */
fun adaptInKotlin(
    base: MultiLayerNetwork,
    examples: DataSet,
    folder: Path,
): MultiLayerNetwork {
    val adapted =
        base.lora(rank = 2, lambda = 8) {
            targets { include("hidden") }
            optimizer { adamW(eta = 1e-2) }
        }
    adapted.train(examples, epochs = 20, batch = 5)
    adapted.save(folder)
    return adapted.merge()
}
