package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

class NetworkFilesTest {
    private static final String TENSORS = "adapter_model.safetensors";
    private static final String PREFIX = "base_model.model.";

    private final Path folder;

    NetworkFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    static Stream<Arguments> kinds() {
        InputType image = InputType.convolutional(5, 6, 3);
        InputType volume = InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 4, 5, 6, 3);
        InputType series = InputType.recurrent(5, 6);
        Layer lstm = new LSTM.Builder().nIn(5).nOut(4).build();
        return Stream.of(
                kind(
                        new DenseLayer.Builder()
                                .nIn(5)
                                .nOut(4)
                                .hasLayerNorm(true)
                                .build(),
                        InputType.feedForward(5),
                        "x.lora_A.weight [2, 5], x.lora_B.weight [4, 2]",
                        "x.bias [4], x.g [4], x.weight [4, 5]"),
                kind(
                        new ConvolutionLayer.Builder(3, 2).nOut(4).build(),
                        image,
                        "x.lora_A.weight [2, 3, 3, 2], x.lora_B.weight [4, 2, 1, 1]",
                        "x.bias [4], x.weight [4, 3, 3, 2]"),
                kind(
                        new Convolution1D.Builder(3).nOut(4).build(),
                        series,
                        "x.lora_A.weight [2, 5, 3], x.lora_B.weight [4, 2, 1]",
                        "x.bias [4], x.weight [4, 5, 3]"),
                kind(
                        new Convolution3D.Builder(2, 3, 2)
                                .dataFormat(Convolution3D.DataFormat.NCDHW)
                                .nOut(4)
                                .build(),
                        volume,
                        "x.lora_A.weight [2, 3, 2, 3, 2], x.lora_B.weight [4, 2, 1, 1, 1]",
                        "x.bias [4], x.weight [4, 3, 2, 3, 2]"),
                kind(
                        new Deconvolution2D.Builder(3, 2).nOut(4).build(),
                        image,
                        "x.lora_A.weight [2, 3], x.lora_B.weight [24, 2]",
                        "x.bias [4], x.weight [3, 4, 3, 2]"),
                kind(
                        new Deconvolution3D.Builder()
                                .kernelSize(2, 3, 2)
                                .dataFormat(Convolution3D.DataFormat.NCDHW)
                                .nOut(4)
                                .build(),
                        volume,
                        "x.lora_A.weight [2, 3], x.lora_B.weight [48, 2]",
                        "x.W [2, 3, 2, 4, 3], x.bias [4]"),
                kind(
                        new SeparableConvolution2D.Builder(3, 2)
                                .nOut(4)
                                .depthMultiplier(2)
                                .build(),
                        image,
                        "x.W.lora_A.weight [2, 18], x.W.lora_B.weight [2, 2],"
                                + " x.pW.lora_A.weight [2, 6], x.pW.lora_B.weight [4, 2]",
                        "x.W [2, 3, 3, 2], x.b [4], x.pW [4, 6, 1, 1]"),
                kind(
                        new DepthwiseConvolution2D.Builder(3, 2)
                                .depthMultiplier(2)
                                .nOut(6)
                                .build(),
                        image,
                        "x.W.lora_A.weight [2, 18], x.W.lora_B.weight [2, 2]",
                        "x.W [3, 2, 3, 2], x.b [6]"),
                kind(
                        lstm,
                        series,
                        "x.RW.lora_A.weight [2, 4], x.RW.lora_B.weight [16, 2],"
                                + " x.W.lora_A.weight [2, 5], x.W.lora_B.weight [16, 2]",
                        "x.RW [4, 16], x.W [5, 16], x.b [16]"),
                kind(
                        new Bidirectional(lstm.clone()),
                        series,
                        "x.bRW.lora_A.weight [2, 4], x.bRW.lora_B.weight [16, 2],"
                                + " x.bW.lora_A.weight [2, 5], x.bW.lora_B.weight [16, 2],"
                                + " x.fRW.lora_A.weight [2, 4], x.fRW.lora_B.weight [16, 2],"
                                + " x.fW.lora_A.weight [2, 5], x.fW.lora_B.weight [16, 2]",
                        "x.bRW [4, 16], x.bW [5, 16], x.bb [16], x.fRW [4, 16], x.fW [5, 16], x.fb [16]"),
                kind(
                        new EmbeddingLayer.Builder()
                                .nIn(5)
                                .nOut(4)
                                .hasBias(true)
                                .build(),
                        null,
                        "x.lora_embedding_A [2, 5], x.lora_embedding_B [4, 2]",
                        "x.bias [4], x.weight [5, 4]"),
                kind(
                        new EmbeddingSequenceLayer.Builder()
                                .nIn(5)
                                .nOut(4)
                                .inputLength(6)
                                .build(),
                        null,
                        "x.lora_embedding_A [2, 5], x.lora_embedding_B [4, 2]",
                        "x.weight [5, 4]"),
                kind(
                        new BatchNormalization.Builder().build(),
                        InputType.feedForward(5),
                        "",
                        "x.beta [5], x.gamma [5], x.log10stdev [5], x.mean [5]"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void factors_haveTheDocumentedKeys_andComeBackBitForBit(
            String name, Layer layer, @Nullable InputType input, String factors, String saved) throws IOException {
        if (!factors.isEmpty()) {
            LoraConfig config =
                    LoraConfig.builder().rank(2).alpha(3).targets("x").build();
            assertRoundTrip(layer, input, config, factors);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void trainedLayers_haveTheDocumentedKeys_andComeBackBitForBit(
            String name, Layer layer, @Nullable InputType input, String factors, String saved) throws IOException {
        LoraConfig config =
                LoraConfig.builder().targets(Targets.none()).modulesToSave("x").build();
        assertRoundTrip(layer, input, config, saved);
    }

    @Test
    void layersWithoutANameOfTheirOwn_areModulesByIndex_andTheStorageIsFree() throws IOException {
        MultiLayerNetwork base = network(
                new DenseLayer.Builder().nIn(5).nOut(4).build(),
                InputType.feedForward(5),
                list -> list.layer(Networks.softmax().name("x").nIn(4).nOut(3).build()));
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targets("0")
                .modulesToSave("1")
                .headRate(0.1)
                .lambda(8)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        Networks.fill(adapted.model().params(), 5);
        adapted.note("eta", "2.0E-4");
        adapted.save(folder);

        AdaptedNetwork<MultiLayerNetwork> loaded = AdaptedNetwork.load(
                base, folder, false, change -> change, NetworkOptions.defaults().withStorage(Storage.EMBEDDED));

        assertThat(shapes()).contains("1.bias [3], 1.weight [3, 4]");
        INDArray input = Networks.uniform(DataType.FLOAT, 9, 3, 5);
        assertThat(loaded.model().output(input)).isEqualTo(adapted.model().output(input));
        assertThat(loaded.config()).isEqualTo(config);
        assertThat(loaded.adapter().provenance()).isEqualTo(adapted.adapter().provenance());
        assertThat(loaded.adapter().provenance()).containsEntry("eta", "2.0E-4");
    }

    @Test
    void load_takesOtherSettings_butNotAnotherShape() throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        LoraPlus.attach(base, LoraConfig.builder().rank(2).targets("fc1").build())
                .save(folder);

        assertThat(LoraPlus.load(base, folder, change -> change.lambda(2).seed(9))
                        .config())
                .isEqualTo(LoraConfig.builder()
                        .rank(2)
                        .lambda(2)
                        .seed(9)
                        .targets("fc1")
                        .build());
        assertThatThrownBy(() -> LoraPlus.load(base, folder, change -> change.rank(3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("those of the file when an adapter is loaded");
    }

    @Test
    void anotherBase_isRefused_unlessForced() throws IOException {
        ComputationGraph base = Networks.graph(DataType.FLOAT);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .targets("left")
                .modulesToSave("out")
                .build();
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, config);
        Networks.fill(adapted.model().params(), 5);
        adapted.save(folder);
        ComputationGraph otherHead = base.clone();
        otherHead.getLayer("out").paramTable().values().forEach(array -> array.addi(1));
        ComputationGraph other = base.clone();
        other.getLayer("right").getParam("b").addi(1e-3);

        assertThat(LoraPlus.load(otherHead, folder).model().params())
                .isEqualTo(adapted.model().params());
        assertThatThrownBy(() -> LoraPlus.load(other, folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        folder.toString(),
                        "was trained on another base: its fingerprint is "
                                + adapted.adapter().provenance().get("base"),
                        "this network's is",
                        "allowing any base");
        assertThat(LoraPlus.loadOntoAnyBase(other, folder).model().params())
                .isEqualTo(adapted.model().params());
    }

    @Test
    void missingTensors_andMisshapedOnes_areAllNamed() throws IOException {
        MultiLayerNetwork base = GoldenNetwork.CNN.base(DataType.FLOAT);
        LoraPlus.load(base, GoldenNetwork.CNN.peft()).save(folder);
        change(tensors -> {
            tensors.remove(PREFIX + "fc.lora_B.weight");
            tensors.remove(PREFIX + "head.bias");
            tensors.computeIfPresent(PREFIX + "conv.lora_A.weight", (key, a) -> a.reshape(3, 12));
            tensors.computeIfPresent(PREFIX + "conv.lora_B.weight", (key, b) -> b.reshape(4, 3));
        });

        assertThatThrownBy(() -> LoraPlus.load(base, folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "tensor 'base_model.model.conv.lora_A.weight' has shape [3, 12], expected [3, 2, 3, 2]",
                        "tensor 'base_model.model.conv.lora_B.weight' has shape [4, 3], expected [4, 3, 1, 1]",
                        "tensor 'base_model.model.fc.lora_B.weight' [5, 3] is missing",
                        "tensor 'base_model.model.head.bias' [3] is missing");
    }

    @Test
    void anotherNetwork_isToldWhatItHas() throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);

        assertThatThrownBy(() -> LoraPlus.load(base, GoldenNetwork.CNN.peft()))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("does not fit the network", "'head'", "'out' (OutputLayer)");
    }

    private void assertRoundTrip(Layer layer, @Nullable InputType input, LoraConfig config, String expected)
            throws IOException {
        MultiLayerNetwork base = network(layer, input, list -> {});
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        Networks.fill(adapted.model().params(), 5);
        adapted.save(folder);

        assertThat(shapes()).isEqualTo(expected);
        assertThat(PeftAdapterFile.open(folder).notes()).isEmpty();
        AdaptedNetwork<MultiLayerNetwork> loaded = LoraPlus.load(base, folder);
        assertThat(loaded.model().params()).isEqualTo(adapted.model().params());
        assertThat(loaded.config().modulesToSave()).isEqualTo(config.modulesToSave());
        adapted.adapter().factors().forEach((key, pair) -> {
            assertThat(Objects.requireNonNull(loaded.adapter().factors().get(key)))
                    .isEqualTo(pair);
            INDArray product = pair.a().mmul(pair.b());
            assertThat(Networks.difference(product, product.mul(0))).isGreaterThan(0);
        });
    }

    private String shapes() throws IOException {
        Map<String, INDArray> sorted =
                new TreeMap<>(Safetensors.read(folder.resolve(TENSORS)).tensors());
        return String.join(
                ", ",
                sorted.entrySet().stream()
                        .map(entry -> entry.getKey().substring(PREFIX.length()) + " "
                                + Arrays.toString(entry.getValue().shape()))
                        .toList());
    }

    /** Changes the file's tensors, without the header that would tell. */
    private void change(Consumer<Map<String, INDArray>> change) throws IOException {
        Path file = folder.resolve(TENSORS);
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(Safetensors.read(file).tensors());
        change.accept(tensors);
        Safetensors.write(file, tensors, Map.of());
    }

    private static Arguments kind(Layer layer, @Nullable InputType input, String factors, String saved) {
        return Arguments.of(layer.getClass().getSimpleName(), layer, input, factors, saved);
    }

    private static MultiLayerNetwork network(Layer layer, @Nullable InputType input, Consumer<ListBuilder> more) {
        layer.setLayerName("x");
        ListBuilder list =
                Networks.settings(DataType.FLOAT, new Adam(0.01)).list().layer(layer);
        if (input != null) {
            list.setInputType(input);
        }
        more.accept(list);
        MultiLayerNetwork network = new MultiLayerNetwork(list.build());
        network.init();
        return network;
    }
}
