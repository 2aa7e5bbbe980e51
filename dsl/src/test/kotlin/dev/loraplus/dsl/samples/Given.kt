package dev.loraplus.dsl.samples

import dev.loraplus.dsl.TinyGraph
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator
import org.deeplearning4j.nn.conf.NeuralNetConfiguration
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer
import org.deeplearning4j.nn.conf.layers.OutputLayer
import org.deeplearning4j.nn.graph.ComputationGraph
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.autodiff.samediff.SameDiff
import org.nd4j.linalg.activations.Activation
import org.nd4j.linalg.api.buffer.DataType
import org.nd4j.linalg.api.ndarray.INDArray
import org.nd4j.linalg.dataset.DataSet
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator
import org.nd4j.linalg.factory.Nd4j
import org.nd4j.linalg.learning.config.Adam
import java.nio.file.Files
import java.nio.file.Path

/** What the samples start from: models from 7 features to 3 classes, and 10 examples. */
internal object Given {
    /** input, four matrices with tanh between them, bias, softmax cross-entropy. */
    fun graph(): SameDiff =
        SameDiff.create().apply {
            var x = placeHolder("input", DataType.FLOAT, -1, 7)
            val labels = placeHolder("labels", DataType.FLOAT, -1, 3)
            val widths = longArrayOf(7, 6, 5, 4)
            listOf("layer.0.query", "layer.0.value", "layer.1.query").forEachIndexed { i, name ->
                x = math.tanh(mmul(x, `var`("$name.weight", TinyGraph.values(i + 1L, widths[i], widths[i + 1]))))
            }
            val product = mmul(x, `var`("classifier.weight", TinyGraph.values(4, 4, 3)))
            val logits = product.add("logits", `var`("classifier.bias", TinyGraph.values(5, 3)))
            loss.softmaxCrossEntropy("loss", labels, logits, null)
            setLossVariables("loss")
        }

    /** Layers `hidden`, `second` and `output`. */
    fun network(): MultiLayerNetwork =
        MultiLayerNetwork(
            settings()
                .list()
                .layer(hidden())
                .layer(second())
                .layer(output(5))
                .build(),
        ).apply { init() }

    /** Layers `hidden`, `second` and `output`, between the input `in` and the output `output`. */
    fun graphOfLayers(): ComputationGraph =
        ComputationGraph(
            settings()
                .graphBuilder()
                .addInputs("in")
                .addLayer("hidden", hidden(), "in")
                .addLayer("second", second(), "hidden")
                .addLayer("output", output(5), "second")
                .setOutputs("output")
                .build(),
        ).apply { init() }

    /** Layers `words`, an embedding of 9 words, and `output`. */
    fun wordNetwork(): MultiLayerNetwork =
        MultiLayerNetwork(
            settings()
                .list()
                .layer(
                    EmbeddingLayer
                        .Builder()
                        .name("words")
                        .nIn(9)
                        .nOut(5)
                        .build(),
                ).layer(output(5))
                .build(),
        ).apply { init() }

    fun examples(): DataSet = DataSet(features(), Nd4j.eye(3).getRows(0, 2, 1, 0, 2, 1, 1, 0, 2, 0))

    /** Examples that no model here takes. */
    fun tooWide(): DataSet = DataSet(TinyGraph.values(7, 10, 8), examples().labels)

    fun features(): INDArray = TinyGraph.values(6, 10, 7)

    /** The examples in two batches of 5. */
    fun data(): DataSetIterator = ListDataSetIterator(examples().asList(), 5)

    fun folder(): Path = Files.createTempDirectory("sample").apply { toFile().deleteOnExit() }

    fun settings(): NeuralNetConfiguration.Builder = NeuralNetConfiguration.Builder().seed(1).updater(Adam(1e-2))

    fun output(nIn: Int): OutputLayer =
        OutputLayer
            .Builder()
            .name("output")
            .nIn(nIn)
            .nOut(3)
            .activation(Activation.SOFTMAX)
            .build()

    private fun hidden() =
        DenseLayer
            .Builder()
            .name("hidden")
            .nIn(7)
            .nOut(6)
            .activation(Activation.TANH)
            .build()

    private fun second() =
        DenseLayer
            .Builder()
            .name("second")
            .nIn(6)
            .nOut(5)
            .activation(Activation.TANH)
            .build()
}
