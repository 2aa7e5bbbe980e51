package dev.loraplus.script

import org.deeplearning4j.nn.conf.NeuralNetConfiguration
import org.deeplearning4j.nn.conf.layers.DenseLayer
import org.deeplearning4j.nn.conf.layers.OutputLayer
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork
import org.nd4j.linalg.activations.Activation
import org.nd4j.linalg.api.ndarray.INDArray
import org.nd4j.linalg.factory.Nd4j
import org.nd4j.linalg.learning.config.Adam
import java.util.Locale
import java.util.Random

/** A small network, and examples of 5 numbers whose label is the quadrant of the first two. */
internal object Fixture {
    fun network(): MultiLayerNetwork =
        MultiLayerNetwork(
            NeuralNetConfiguration
                .Builder()
                .seed(1)
                .updater(Adam(1e-2))
                .list()
                .layer(
                    DenseLayer
                        .Builder()
                        .name("hidden")
                        .nIn(5)
                        .nOut(12)
                        .activation(Activation.TANH)
                        .build(),
                ).layer(
                    OutputLayer
                        .Builder()
                        .name("output")
                        .nIn(12)
                        .nOut(4)
                        .activation(Activation.SOFTMAX)
                        .build(),
                ).build(),
        ).apply { init() }

    fun csv(): String {
        val random = Random(2)
        return (1..300).joinToString("\n") {
            val x = DoubleArray(5) { random.nextGaussian() }
            val label = (if (x[0] > 0) 1 else 0) + (if (x[1] > 0) 2 else 0)
            x.joinToString(",") { "%.4f".format(Locale.ROOT, it) } + ",$label"
        }
    }

    fun features(): INDArray = Nd4j.linspace(-1, 1, 15).reshape(3, 5)
}
