package dev.loraplus.network;

import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Makes tiny networks and data, the same at every call. */
final class Networks {
    static final int IN = 5;
    static final int OUT = 3;
    static final int BATCH = 4;

    private Networks() {}

    static NeuralNetConfiguration.Builder settings(DataType type, IUpdater updater) {
        return new NeuralNetConfiguration.Builder()
                .seed(12345)
                .dataType(type)
                .updater(updater)
                .activation(Activation.TANH);
    }

    /** 5 - 7 - 6 - 3, layers fc1, fc2 and out. */
    static MultiLayerNetwork dense(DataType type) {
        return dense(type, new Adam(0.01));
    }

    static MultiLayerNetwork dense(DataType type, IUpdater updater) {
        MultiLayerConfiguration conf = settings(type, updater)
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(IN).nOut(7).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(7).nOut(6).build())
                .layer(softmax().name("out").nIn(6).nOut(OUT).build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    /** Two dense layers side by side, then one that takes both: vertices left, right and out. */
    static ComputationGraph graph(DataType type) {
        ComputationGraphConfiguration conf = settings(type, new Adam(0.01))
                .graphBuilder()
                .addInputs("in")
                .addLayer("left", new DenseLayer.Builder().nIn(IN).nOut(7).build(), "in")
                .addLayer("right", new DenseLayer.Builder().nIn(IN).nOut(4).build(), "in")
                .addLayer("out", softmax().nIn(11).nOut(OUT).build(), "left", "right")
                .setOutputs("out")
                .build();
        ComputationGraph network = new ComputationGraph(conf);
        network.init();
        return network;
    }

    static OutputLayer.Builder softmax() {
        return new OutputLayer.Builder(LossFunction.MCXENT).activation(Activation.SOFTMAX);
    }

    static DataSet data(DataType type) {
        return new DataSet(uniform(type, 1, BATCH, IN), oneHot(type, BATCH, OUT));
    }

    static INDArray uniform(DataType type, long seed, long... shape) {
        Random random = new Random(seed);
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, 2 * random.nextDouble() - 1);
        }
        return array.castTo(type);
    }

    static INDArray oneHot(DataType type, int rows, int classes) {
        INDArray labels = Nd4j.zeros(type, rows, classes);
        for (int i = 0; i < rows; i++) {
            labels.putScalar(i, i % classes, 1);
        }
        return labels;
    }

    /** Gives every parameter of an adapted network a value, so that no factor is zero. */
    static void fill(INDArray params, long seed) {
        params.assign(
                uniform(params.dataType(), seed, params.length()).muli(0.5).reshape(params.shape()));
    }

    static double difference(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue();
    }
}
