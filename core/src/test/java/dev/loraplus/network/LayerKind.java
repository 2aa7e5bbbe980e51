package dev.loraplus.network;

import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.distribution.NormalDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CapsuleLayer;
import org.deeplearning4j.nn.conf.layers.CapsuleStrengthLayer;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PrimaryCapsules;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * One kind of layer in a tiny network in DOUBLE, with data for it.
 *
 * @param name what the test report says
 * @param input the type of the input
 * @param features an input
 * @param labels what is to come out
 * @param layers the kind itself and what it needs after it
 */
record LayerKind(String name, InputType input, INDArray features, INDArray labels, List<Layer> layers) {
    private static final int TIME = 5;

    /** Returns every kind whose gradient is right. */
    static Stream<LayerKind> all() {
        return Stream.of(feedForward(), convolutional(), sequential(), doubledInDl4j())
                .flatMap(kinds -> kinds);
    }

    /** Returns the kinds whose gradient plain DL4J 1.0.0-M2.1 doubles: every SameDiffLayer. */
    static Stream<LayerKind> doubledInDl4j() {
        return Stream.of(
                image(
                        "LocallyConnected2D",
                        new LocallyConnected2D.Builder()
                                .kernelSize(3, 3)
                                .nOut(3)
                                .build(),
                        dense(),
                        output()),
                new LayerKind(
                        "LocallyConnected1D",
                        InputType.recurrent(4, TIME),
                        Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME),
                        oneHot(3, 3, TIME),
                        List.of(
                                new LocallyConnected1D.Builder()
                                        .kernelSize(2)
                                        .nOut(5)
                                        .build(),
                                sequenceOutput())),
                sequence(
                        "SelfAttention",
                        new SelfAttentionLayer.Builder()
                                .nOut(6)
                                .nHeads(2)
                                .headSize(3)
                                .projectInput(true)
                                .build()),
                sequence(
                        "RecurrentAttention",
                        new RecurrentAttentionLayer.Builder()
                                .nIn(4)
                                .nOut(4)
                                .nHeads(1)
                                .projectInput(false)
                                .build()));
    }

    /**
     * Returns the kinds whose gradient stays wrong, as in plain DL4J: class centres have none, and the layer of capsule
     * strengths, which has no parameters and is not wrapped, doubles it.
     */
    static Stream<LayerKind> wrongInDl4j() {
        return Stream.of(
                flat(
                        "CenterLoss",
                        dense(),
                        new CenterLossOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build()),
                image(
                        "Capsules",
                        new PrimaryCapsules.Builder(4, 2)
                                .kernelSize(3, 3)
                                .stride(2, 2)
                                .build(),
                        new CapsuleLayer.Builder(3, 4, 2).build(),
                        new CapsuleStrengthLayer.Builder().build(),
                        output()));
    }

    /** Fails in plain DL4J already: its gradient needs an operation that is missing. */
    static LayerKind learnedSelfAttention() {
        return new LayerKind(
                "LearnedSelfAttention",
                InputType.recurrent(4, TIME),
                Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME),
                oneHot(3, 3, 2),
                List.of(
                        new LearnedSelfAttentionLayer.Builder()
                                .nOut(6)
                                .nHeads(2)
                                .headSize(3)
                                .nQueries(2)
                                .projectInput(true)
                                .build(),
                        sequenceOutput()));
    }

    private static Stream<LayerKind> feedForward() {
        return Stream.of(
                flat("Dense, Output", dense(), new DenseLayer.Builder().nOut(6).build(), output()),
                flat(
                        "Dense without bias",
                        new DenseLayer.Builder().nOut(7).hasBias(false).build(),
                        output()),
                flat(
                        "Dense with layer normalization",
                        new DenseLayer.Builder().nOut(7).hasLayerNorm(true).build(),
                        output()),
                flat("PReLU", new PReLULayer.Builder().inputShape(5).build(), dense(), output()),
                flat("BatchNormalization of rows", dense(), new BatchNormalization(), output()),
                flat(
                        "VariationalAutoencoder",
                        new VariationalAutoencoder.Builder()
                                .nOut(4)
                                .encoderLayerSizes(6)
                                .decoderLayerSizes(6)
                                .build(),
                        output()),
                new LayerKind(
                        "Embedding",
                        InputType.feedForward(9),
                        Nd4j.createFromArray(new double[][] {{0}, {3}, {8}, {3}}),
                        Networks.oneHot(DataType.DOUBLE, 4, 3),
                        List.of(
                                new EmbeddingLayer.Builder()
                                        .nIn(9)
                                        .nOut(5)
                                        .hasBias(true)
                                        .build(),
                                output())));
    }

    private static Stream<LayerKind> convolutional() {
        return Stream.of(
                image(
                        "Convolution2D NCHW",
                        new ConvolutionLayer.Builder(3, 3).nOut(4).build(),
                        dense(),
                        output()),
                new LayerKind(
                        "Convolution2D NHWC",
                        InputType.convolutional(6, 6, 2, CNN2DFormat.NHWC),
                        Networks.uniform(DataType.DOUBLE, 2, 4, 6, 6, 2),
                        Networks.oneHot(DataType.DOUBLE, 4, 3),
                        List.of(
                                new ConvolutionLayer.Builder(3, 3)
                                        .nOut(4)
                                        .dataFormat(CNN2DFormat.NHWC)
                                        .build(),
                                dense(),
                                output())),
                image(
                        "Deconvolution2D",
                        new Deconvolution2D.Builder(2, 2).nOut(3).stride(2, 2).build(),
                        dense(),
                        output()),
                image(
                        "SeparableConvolution2D",
                        new SeparableConvolution2D.Builder(3, 3).nOut(4).build(),
                        dense(),
                        output()),
                image(
                        "DepthwiseConvolution2D",
                        new DepthwiseConvolution2D.Builder(3, 3)
                                .depthMultiplier(2)
                                .build(),
                        dense(),
                        output()),
                image(
                        "BatchNormalization NCHW",
                        new ConvolutionLayer.Builder(3, 3).nOut(4).build(),
                        new BatchNormalization(),
                        dense(),
                        output()),
                image(
                        "BatchNormalization, logarithm of deviation",
                        new ConvolutionLayer.Builder(3, 3).nOut(4).build(),
                        new BatchNormalization.Builder().useLogStd(true).build(),
                        output()),
                new LayerKind(
                        "Convolution3D",
                        InputType.convolutional3D(4, 4, 4, 2),
                        Networks.uniform(DataType.DOUBLE, 3, 2, 4, 4, 4, 2),
                        Networks.oneHot(DataType.DOUBLE, 2, 3),
                        List.of(
                                new Convolution3D.Builder(2, 2, 2)
                                        .nOut(3)
                                        .dataFormat(Convolution3D.DataFormat.NDHWC)
                                        .build(),
                                dense(),
                                output())),
                volume("Deconvolution3D NCDHW", Convolution3D.DataFormat.NCDHW, 2, 3, 3, 3),
                volume("Deconvolution3D NDHWC", Convolution3D.DataFormat.NDHWC, 3, 3, 3, 2));
    }

    private static Stream<LayerKind> sequential() {
        return Stream.of(
                sequence(
                        "Convolution1D",
                        new Convolution1DLayer.Builder()
                                .kernelSize(3)
                                .nOut(5)
                                .convolutionMode(ConvolutionMode.Same)
                                .build()),
                sequence("LSTM", lstm()),
                sequence("GravesLSTM", new GravesLSTM.Builder().nOut(5).build()),
                sequence("SimpleRnn", new SimpleRnn.Builder().nOut(5).build()),
                sequence(
                        "GravesBidirectionalLSTM",
                        new GravesBidirectionalLSTM.Builder().nOut(5).build()),
                sequence("Bidirectional", new Bidirectional(Bidirectional.Mode.ADD, lstm())),
                sequence(
                        "MaskZero",
                        new MaskZeroLayer.Builder()
                                .setUnderlying(lstm())
                                .setMaskValue(0.0)
                                .build()),
                sequence(
                        "TimeDistributed",
                        new TimeDistributed(new DenseLayer.Builder().nOut(5).build())),
                new LayerKind(
                        "LastTimeStep",
                        InputType.recurrent(4, TIME),
                        Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME),
                        Networks.oneHot(DataType.DOUBLE, 3, 3),
                        List.of(new LastTimeStep(lstm()), output())),
                new LayerKind(
                        "RnnOutput, time first",
                        InputType.recurrent(4, TIME, RNNFormat.NWC),
                        Networks.uniform(DataType.DOUBLE, 4, 3, TIME, 4),
                        oneHot(3, 3, TIME).permute(0, 2, 1).dup('c'),
                        List.of(lstm(), sequenceOutput())),
                new LayerKind(
                        "EmbeddingSequence",
                        InputType.recurrent(9, 3),
                        Nd4j.createFromArray(new double[][] {{0, 1, 2}, {3, 3, 8}}),
                        oneHot(2, 3, 3),
                        List.of(
                                new EmbeddingSequenceLayer.Builder()
                                        .nIn(9)
                                        .nOut(5)
                                        .inputLength(3)
                                        .hasBias(true)
                                        .build(),
                                sequenceOutput())));
    }

    /** Returns a new network of this kind. */
    MultiLayerNetwork network(IUpdater updater) {
        ListBuilder builder = Networks.settings(DataType.DOUBLE, updater)
                .weightInit(new NormalDistribution(0, 0.5))
                .list();
        layers.forEach(layer -> builder.layer(layer.clone()));
        MultiLayerNetwork network =
                new MultiLayerNetwork(builder.setInputType(input).build());
        network.init();
        return network;
    }

    @Override
    public String toString() {
        return name;
    }

    static Layer lstm() {
        return new LSTM.Builder().nOut(5).build();
    }

    static Layer dense() {
        return new DenseLayer.Builder().nOut(7).build();
    }

    static Layer output() {
        return Networks.softmax().nOut(3).build();
    }

    static Layer sequenceOutput() {
        return new RnnOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(3)
                .activation(Activation.SOFTMAX)
                .build();
    }

    static Layer sequenceOutput(int inputs) {
        RnnOutputLayer output = (RnnOutputLayer) sequenceOutput();
        output.setNIn(inputs);
        return output;
    }

    static INDArray oneHot(int rows, int classes, int time) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, rows, classes, time);
        for (int i = 0; i < rows; i++) {
            for (int t = 0; t < time; t++) {
                labels.putScalar(new int[] {i, (i + t) % classes, t}, 1);
            }
        }
        return labels;
    }

    private static LayerKind flat(String name, Layer... layers) {
        return new LayerKind(
                name,
                InputType.feedForward(5),
                Networks.uniform(DataType.DOUBLE, 1, 6, 5),
                Networks.oneHot(DataType.DOUBLE, 6, 3),
                List.of(layers));
    }

    private static LayerKind image(String name, Layer... layers) {
        return new LayerKind(
                name,
                InputType.convolutional(6, 6, 2),
                Networks.uniform(DataType.DOUBLE, 2, 4, 2, 6, 6),
                Networks.oneHot(DataType.DOUBLE, 4, 3),
                List.of(layers));
    }

    private static LayerKind volume(String name, Convolution3D.DataFormat format, long... example) {
        return new LayerKind(
                name,
                InputType.convolutional3D(format, 3, 3, 3, 2),
                Networks.uniform(DataType.DOUBLE, 3, 2, example[0], example[1], example[2], example[3]),
                Networks.oneHot(DataType.DOUBLE, 2, 3),
                List.of(
                        new Deconvolution3D.Builder()
                                .kernelSize(2, 2, 2)
                                .nOut(4)
                                .dataFormat(format)
                                .build(),
                        dense(),
                        output()));
    }

    private static LayerKind sequence(String name, Layer layer) {
        return new LayerKind(
                name,
                InputType.recurrent(4, TIME),
                Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME),
                oneHot(3, 3, TIME),
                List.of(layer, sequenceOutput()));
    }
}
