package dev.loraplus.samples.series;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Makes the recurrent network of the sample: an LSTM of 64 units and a linear head, 16,961 parameters. */
final class SeriesNetwork {
    /** The layer that turns the state into a forecast. */
    static final String HEAD = "head";

    /** The recurrent weights of the LSTM, {@code [64, 256]}: all but 577 of the parameters. */
    static final String RECURRENT = "lstm.RW";

    private static final int UNITS = 64;
    private static final double RATE = 5e-3;

    private SeriesNetwork() {}

    /** Returns the network with weights drawn from the seed. */
    static MultiLayerNetwork untrained(long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.XAVIER)
                .updater(new Adam(RATE))
                .list()
                .layer(new LSTM.Builder()
                        .name("lstm")
                        .nOut(UNITS)
                        .activation(Activation.TANH)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MSE)
                        .name(HEAD)
                        .nOut(1)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.recurrent(1))
                .build());
        network.init();
        return network;
    }
}
