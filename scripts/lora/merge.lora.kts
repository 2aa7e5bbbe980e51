// Adds an adapter into the weights of the network that it was trained on, and saves a plain DL4J network.

import dev.loraplus.io.AtomicFiles
import org.deeplearning4j.util.ModelSerializer
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import java.util.concurrent.Callable

@Command(
    name = "merge.lora.kts",
    description = ["Merges an adapter into a saved DL4J network, which then needs no adapter and no LoRA+."],
    mixinStandardHelpOptions = true,
    sortOptions = false,
)
class Merge : Callable<Int> {
    @Option(names = ["--model"], required = true, paramLabel = "ZIP", description = ["The network, as DL4J saved it."])
    lateinit var model: File

    @Option(names = ["--adapter"], required = true, paramLabel = "FOLDER", description = ["The adapter, in PEFT's format."])
    lateinit var adapter: Path

    @Option(names = ["--output"], required = true, paramLabel = "ZIP", description = ["Gets the merged network."])
    lateinit var output: File

    @Option(names = ["--any-base"], description = ["Merge even if the adapter was trained on another network."])
    var anyBase: Boolean = false

    override fun call(): Int {
        val adapted: AdaptedNetwork<out Model> =
            when (val base = savedNetwork(model)) {
                is MultiLayerNetwork -> base.adapter(adapter, anyBase)
                is ComputationGraph -> base.adapter(adapter, anyBase)
                else -> error("Not a network: $base")
            }
        val merged = adapted.merge()
        AtomicFiles.write(output.toPath()) { ModelSerializer.writeModel(merged, it.toFile(), false) }
        println("${adapted.describe().toString().lineSequence().first()}: merged into $output")
        return 0
    }
}

exitProcess(command(Merge()).execute(*args))
