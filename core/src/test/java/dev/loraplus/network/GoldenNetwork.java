package dev.loraplus.network;

import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Cnn3DLossLayer;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.Convolution3D.DataFormat;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnLossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Gives the networks of {@code make_networks.py}, with PyTorch's weights, and the adapters that PEFT saved for them. */
enum GoldenNetwork {
    MLP("mlp", false),
    CNN("cnn", false),
    CONV1D("conv1d", false),
    CONV1D_NWC("conv1d", true),
    CONV2D("conv2d", false),
    CONV2D_NHWC("conv2d", true),
    CONV3D("conv3d", false),
    CONV3D_NDHWC("conv3d", true),
    DORA("dora", false),
    WORDS("words", false),
    WORDS_DORA("wordsdora", false),
    PATTERNS("patterns", false),
    BIASES("biases", false),
    LORA_BIASES("lorabiases", false),
    BIAS_OF_B("biasofb", false),
    PISSA("pissa", false),
    OLORA("olora", false),
    PISSA_DORA("pissadora", false);

    private static final Path FOLDER = Path.of("src/test/resources/networks");

    private final String folder;
    private final boolean channelsLast;

    GoldenNetwork(String folder, boolean channelsLast) {
        this.folder = folder;
        this.channelsLast = channelsLast;
    }

    /** Returns where PEFT's adapter is. */
    Path peft() {
        return FOLDER.resolve("peft-0.21.2-" + folder);
    }

    /** Returns where an adapter that this library trained is, and what PEFT computes with it. */
    Path ours() {
        return FOLDER.resolve("loraplus-0.1.0-" + folder);
    }

    boolean channelsLast() {
        return channelsLast;
    }

    /** Returns how far outputs may be from PEFT's, which takes weights apart in float32 whatever it computes in. */
    double tolerance(DataType type) {
        if (folder.startsWith("pissa") || folder.startsWith("olora")) {
            return 2e-6;
        }
        return type == DataType.DOUBLE ? 1e-14 : 1e-6;
    }

    /** Returns the network's weights, the input {@code input} and PEFT's outputs {@code base} and {@code adapted}. */
    Map<String, INDArray> tensors() throws IOException {
        return Safetensors.read(peft().resolve("network.safetensors")).tensors();
    }

    /** Returns the input as the network takes it. */
    INDArray input(DataType type) throws IOException {
        INDArray input = Objects.requireNonNull(tensors().get("input")).castTo(type);
        int axes = input.rank();
        if (axes == 1) {
            return input.reshape(input.length(), 1);
        }
        return channelsLast ? moved(input, 1, axes - 1) : input;
    }

    /** Returns an output of the network as PyTorch has it. */
    INDArray asInTorch(INDArray output) {
        return channelsLast ? moved(output, output.rank() - 1, 1) : output;
    }

    MultiLayerNetwork base(DataType type) throws IOException {
        ListBuilder list = settings(type).list();
        MultiLayerNetwork network = new MultiLayerNetwork(layers(list).build());
        network.init();
        Map<String, INDArray> tensors = tensors();
        for (Layer layer : network.getLayers()) {
            layer.paramTable().forEach((key, live) -> assign(layer, key, live, tensors));
        }
        return network;
    }

    /** Returns the network as a graph. */
    ComputationGraph graph(DataType type) throws IOException {
        MultiLayerNetwork network = base(type);
        GraphBuilder builder = settings(type).graphBuilder().addInputs("in");
        String last = "in";
        for (Layer layer : network.getLayers()) {
            String name = Objects.requireNonNullElse(layer.conf().getLayer().getLayerName(), "loss");
            builder.addLayer(
                    name,
                    layer.conf().getLayer().clone(),
                    network.getLayerWiseConfigurations().getInputPreProcess(layer.getIndex()),
                    last);
            last = name;
        }
        ComputationGraph graph = new ComputationGraph(builder.setOutputs(last).build());
        graph.init(network.params(), true);
        return graph;
    }

    private static NeuralNetConfiguration.Builder settings(DataType type) {
        return new NeuralNetConfiguration.Builder()
                .seed(1)
                .dataType(type)
                .updater(new Sgd(0.1))
                .activation(Activation.IDENTITY);
    }

    private static void assign(Layer layer, String key, INDArray live, Map<String, INDArray> tensors) {
        boolean weight = key.equals("W");
        String name = layer.conf().getLayer().getLayerName() + (weight ? ".weight" : ".bias");
        INDArray value = Objects.requireNonNull(tensors.get(name)).castTo(live.dataType());
        boolean embedding = layer.conf().getLayer() instanceof EmbeddingLayer;
        boolean reversed = weight && !embedding && (value.rank() == 2 || value.rank() == 3);
        int[] order = value.rank() == 2 ? new int[] {1, 0} : new int[] {2, 1, 0};
        live.assign((reversed ? value.permute(order).dup('c') : value).reshape('c', live.shape()));
    }

    private ListBuilder layers(ListBuilder list) {
        return switch (folder) {
            case "mlp", "biasofb", "pissa", "olora", "pissadora" ->
                list.layer(new DenseLayer.Builder()
                                .name("fc1")
                                .nIn(5)
                                .nOut(7)
                                .activation(Activation.RELU)
                                .build())
                        .layer(output("fc2").nIn(7).nOut(3).build());
            case "cnn", "dora", "patterns", "biases", "lorabiases" ->
                list.layer(new ConvolutionLayer.Builder(3, 2)
                                .name("conv")
                                .nOut(4)
                                .activation(Activation.RELU)
                                .build())
                        .layer(new DenseLayer.Builder()
                                .name("fc")
                                .nOut(5)
                                .activation(Activation.TANH)
                                .build())
                        .layer(output("head").nOut(3).build())
                        .setInputType(InputType.convolutional(4, 3, 2));
            case "words", "wordsdora" ->
                list.layer(new EmbeddingLayer.Builder()
                                .name("words")
                                .nIn(6)
                                .nOut(5)
                                .activation(Activation.TANH)
                                .build())
                        .layer(output("fc").nIn(5).nOut(3).build());
            case "conv1d" -> conv1d(list);
            case "conv2d" -> conv2d(list);
            default -> conv3d(list);
        };
    }

    private ListBuilder conv1d(ListBuilder list) {
        RNNFormat format = channelsLast ? RNNFormat.NWC : RNNFormat.NCW;
        return list.layer(new Convolution1D.Builder(2)
                        .name("conv")
                        .nOut(4)
                        .activation(Activation.TANH)
                        .build())
                .layer(new Convolution1D.Builder(3).name("next").nOut(2).build())
                .layer(new RnnLossLayer.Builder(LossFunction.MSE)
                        .dataFormat(format)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.recurrent(3, 6, format));
    }

    private ListBuilder conv2d(ListBuilder list) {
        CNN2DFormat format = channelsLast ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
        return list.layer(new ConvolutionLayer.Builder(3, 2)
                        .name("conv")
                        .nOut(4)
                        .activation(Activation.TANH)
                        .build())
                .layer(new ConvolutionLayer.Builder(1, 2).name("next").nOut(2).build())
                .layer(new CnnLossLayer.Builder(LossFunction.MSE)
                        .format(format)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional(4, 5, 3, format));
    }

    private ListBuilder conv3d(ListBuilder list) {
        DataFormat format = channelsLast ? DataFormat.NDHWC : DataFormat.NCDHW;
        return list.layer(new Convolution3D.Builder(2, 3, 2)
                        .name("conv")
                        .dataFormat(format)
                        .nOut(4)
                        .build())
                .layer(new Cnn3DLossLayer.Builder(format)
                        .lossFunction(LossFunction.MSE)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.convolutional3D(format, 3, 4, 3, 2));
    }

    private static OutputLayer.Builder output(String name) {
        return new OutputLayer.Builder(LossFunction.MSE).name(name).activation(Activation.IDENTITY);
    }

    /** Returns a copy with axis {@code from} at place {@code to}. */
    private static INDArray moved(INDArray array, int from, int to) {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < array.rank(); i++) {
            order.add(i);
        }
        order.add(to, order.remove(from));
        return array.permute(order.stream().mapToInt(Integer::intValue).toArray())
                .dup('c');
    }
}
