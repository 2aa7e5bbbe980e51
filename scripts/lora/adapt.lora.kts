// Adapts a network that DL4J saved to the examples of a CSV file, by LoRA+, and saves the adapter.

import org.datavec.api.records.reader.impl.csv.CSVRecordReader
import org.datavec.api.split.FileSplit
import org.deeplearning4j.datasets.datavec.RecordReaderDataSetIterator
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import picocli.CommandLine.Command
import picocli.CommandLine.Option
import java.util.concurrent.Callable

@Command(
    name = "adapt.lora.kts",
    description = ["Adapts a saved DL4J network to a CSV file of numbers, a label in 0, 1, .. last, by LoRA+."],
    mixinStandardHelpOptions = true,
    sortOptions = false,
)
class Adapt : Callable<Int> {
    @Option(names = ["--model"], required = true, paramLabel = "ZIP", description = ["The network, as DL4J saved it."])
    lateinit var model: File

    @Option(names = ["--data"], required = true, paramLabel = "CSV", description = ["Examples, one a line, no header."])
    lateinit var data: File

    @Option(names = ["--output"], required = true, paramLabel = "FOLDER", description = ["Gets the adapter, in PEFT's format."])
    lateinit var output: Path

    @Option(names = ["--targets"], split = ",", paramLabel = "NAMES", description = ["Layers that get factors (default: all linear ones)."])
    var targets: List<String> = listOf()

    @Option(names = ["--rank"], paramLabel = "N", description = ["Rank of the factors (default 8)."])
    var rank: Int? = null

    @Option(names = ["--lambda"], paramLabel = "X", description = ["Rate of B divided by that of A (default 16)."])
    var lambda: Double? = null

    @Option(names = ["--eta"], paramLabel = "X", defaultValue = "1e-3", description = ["Rate of A (default \${DEFAULT-VALUE})."])
    var eta: Double = 0.0

    @Option(names = ["--epochs"], paramLabel = "N", defaultValue = "10", description = ["Passes over the data (default \${DEFAULT-VALUE})."])
    var epochs: Int = 0

    @Option(names = ["--batch"], paramLabel = "N", defaultValue = "32", description = ["Examples a step (default \${DEFAULT-VALUE})."])
    var batch: Int = 0

    @Option(names = ["--held-out"], paramLabel = "X", defaultValue = "0.2", description = ["Share of the examples to test on (default \${DEFAULT-VALUE})."])
    var heldOut: Double = 0.0

    @Option(names = ["--seed"], paramLabel = "N", defaultValue = "0", description = ["Seed of the factors and of the split (default \${DEFAULT-VALUE})."])
    var seed: Long = 0

    override fun call(): Int {
        val base = savedNetwork(model)
        val examples = examples(classes(base))
        val test = (examples.numExamples() * heldOut).toInt()
        require(test in 1 until examples.numExamples()) { "--held-out must leave examples on both sides, got $heldOut." }
        examples.shuffle(seed)
        val split = examples.splitTestAndTrain(examples.numExamples() - test)
        val settings: NetworkLoraScope.() -> Unit = {
            seed = this@Adapt.seed
            if (targets.isNotEmpty()) targets { include(*this@Adapt.targets.toTypedArray()) }
            optimizer { adamW(eta = eta) }
        }
        val adapted: AdaptedNetwork<out Model> =
            when (base) {
                is MultiLayerNetwork -> base.lora(rank, lambda, block = settings)
                is ComputationGraph -> base.lora(rank, lambda, block = settings)
                else -> error("Not a network: $base")
            }
        println(adapted.describe().toString().lineSequence().first())
        println("epoch %3d: accuracy %.3f on %d held-out examples".format(0, accuracy(adapted.model(), split.test), test))
        var epoch = 0
        adapted.train(split.train, epochs, batch) {
            evaluate(batches(split.test), Evaluation()) {
                println("epoch %3d: accuracy %.3f".format(++epoch, it.accuracy()))
            }
        }
        adapted.save(output)
        println("adapter in $output")
        return 0
    }

    private fun classes(base: Model): Int {
        val output =
            when (base) {
                is MultiLayerNetwork -> base.outputLayer.conf().layer
                is ComputationGraph -> base.getOutputLayer(0).conf().layer
                else -> error("Not a network: $base")
            }
        return (output as FeedForwardLayer).nOut.toInt()
    }

    private fun examples(classes: Int): DataSet {
        val reader = CSVRecordReader().apply { initialize(FileSplit(data)) }
        val width = reader.next().size
        reader.reset()
        val all = RecordReaderDataSetIterator(reader, Int.MAX_VALUE, width - 1, classes)
        return all.next()
    }
}

fun batches(examples: DataSet): DataSetIterator =
    ListDataSetIterator(examples.asList(), 256)

fun accuracy(model: Model, examples: DataSet): Double =
    when (model) {
        is MultiLayerNetwork -> model.evaluate<Evaluation>(batches(examples)).accuracy()
        is ComputationGraph -> model.evaluate<Evaluation>(batches(examples)).accuracy()
        else -> error("Not a network: $model")
    }

exitProcess(command(Adapt()).execute(*args))
