package dev.loraplus.samples.digits;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;

/** Makes the convolutional network of the sample: 71,754 parameters in the layers conv1, conv2, dense and head. */
final class DigitNetwork {
    /** The layer that tells the digits apart. */
    static final String HEAD = "head";

    private static final double RATE = 1e-3;

    private DigitNetwork() {}

    /** Returns the network with weights drawn from the seed. */
    static MultiLayerNetwork untrained(long seed) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .updater(new Adam(RATE))
                .convolutionMode(ConvolutionMode.Same)
                .list()
                .layer(convolution("conv1", 16))
                .layer(new SubsamplingLayer.Builder()
                        .name("pool")
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(convolution("conv2", 32))
                .layer(new DenseLayer.Builder().name("dense").nOut(128).build())
                .layer(new OutputLayer.Builder()
                        .name(HEAD)
                        .nOut(DigitImages.CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build())
                .setInputType(InputType.convolutional(DigitImages.SIDE, DigitImages.SIDE, 1))
                .build());
        network.init();
        return network;
    }

    private static ConvolutionLayer convolution(String name, int channels) {
        return new ConvolutionLayer.Builder(3, 3).name(name).nOut(channels).build();
    }
}
