package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.MLNConfig;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.PrintMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** Options that give single weights of a network their own numbers. */
@ExtendWith(InDouble.class)
class ConfigOptionsTest {
    private static final int TIME = 5;

    @TempDir
    private Path folder;

    /** Modules are called as PEFT calls them: a dense layer by its name, a weight of an LSTM by layer and key. */
    private static LoraConfig patterns(double lambda) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .lambda(lambda)
                .rankPattern("lstm\\.RW", 1)
                .rankPattern("lstm\\..*", 4)
                .alphaPattern("out", 5)
                .lambdaPattern("lstm\\.W", 2 * lambda)
                .build();
    }

    @Test
    void patterns_giveEachWeightItsRankScalingAndRate() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(sequences(0.1), patterns(8));
        Map<String, Factors> factors = adapted.adapter().factors();
        assertThat(factors.get("lstm.W").a().shape()).containsExactly(4, 4);
        assertThat(factors.get("lstm.RW").a().shape()).containsExactly(6, 1);
        assertThat(factors.get("out.W").a().shape()).containsExactly(6, 2);
        assertThat(adapted.describe().toString())
                .contains("lstm.WloraB [4, 24] FACTOR_B, rate 1.6")
                .contains("lstm.RWloraB [1, 24] FACTOR_B, rate 0.8")
                .contains("out.WloraB [2, 3] FACTOR_B, rate 0.8")
                .contains("out.WloraA [6, 2] FACTOR_A, rate 0.1");
        assertScalings(adapted, Map.of("0_W", 3 / 4.0, "0_RW", 3 / 1.0, "1_W", 5 / 2.0));
    }

    @Test
    void rsLora_dividesByTheRootOfTheRank() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                sequences(0.1), patterns(8).toBuilder().rsLora(true).build());
        assertScalings(adapted, Map.of("0_W", 3 / 2.0, "0_RW", 3.0, "1_W", 5 / Math.sqrt(2)));
        assertThat(LoraPlus.adapted(adapted.model().clone()).config().rsLora()).isTrue();
    }

    /** What a network computes, prediction and training, is what the merged weights give, by another way. */
    private static void assertScalings(AdaptedNetwork<MultiLayerNetwork> adapted, Map<String, Double> scalings) {
        MultiLayerNetwork network = adapted.model();
        Networks.fill(network.params(), 3);
        INDArray input = Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME);
        MultiLayerNetwork expected = adapted.detach();
        scalings.forEach((key, scaling) -> expected.getParam(key)
                .addi(network.getParam(key + "loraA")
                        .mmul(network.getParam(key + "loraB"))
                        .mul(scaling)));
        assertThat(Networks.difference(adapted.merge().params(), expected.params()))
                .isLessThan(1e-14);
        assertThat(Networks.difference(network.output(input), expected.output(input)))
                .isLessThan(1e-12);
        assertThat(Networks.difference(network.output(input, true), expected.output(input, true)))
                .isLessThan(1e-12);
    }

    @Test
    void patterns_areInTheGradient() {
        MultiLayerNetwork network = LoraPlus.attach(
                        sequences(new NoOp()),
                        patterns(1).toBuilder().lambdaPattern("lstm\\.W", 1).build())
                .model();
        Networks.fill(network.params(), 3);
        assertThat(GradientCheckUtil.checkGradients(new MLNConfig()
                        .net(network)
                        .input(Networks.uniform(DataType.DOUBLE, 4, 3, 4, TIME))
                        .labels(LayerKind.oneHot(3, 3, TIME))
                        .maxRelError(1e-5)
                        .minAbsoluteError(1e-9)
                        .print(PrintMode.FAILURES_ONLY)))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void patterns_areInTheZip(Storage storage) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                sequences(0.1), patterns(8), NetworkOptions.defaults().withStorage(storage));
        Networks.fill(adapted.model().params(), 3);
        File zip = folder.resolve("network.zip").toFile();
        adapted.model().save(zip);
        AdaptedNetwork<MultiLayerNetwork> read = LoraPlus.adapted(MultiLayerNetwork.load(zip, true));
        assertThat(read.config())
                .isEqualTo(patterns(8).toBuilder()
                        .targets("lstm.RW", "lstm.W", "out.W")
                        .build());
        assertThat(read.merge().params()).isEqualTo(adapted.merge().params());
        assertThat(read.describe()).isEqualTo(adapted.describe());
    }

    @Test
    void patternWithoutAWeight_isRefused() {
        LoraConfig config = LoraConfig.builder()
                .rankPattern("fc1", 2)
                .alphaPattern("nowhere", 2)
                .build();
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        assertThatThrownBy(() -> LoraPlus.attach(base, config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("alphaPattern 'nowhere'")
                .hasMessageContaining("[fc1, fc2, out]")
                .hasMessageNotContaining("rankPattern");
    }

    @Test
    void lambdaPattern_needsARate() {
        LoraConfig config =
                LoraConfig.builder().lambda(1).lambdaPattern("fc2", 4).build();
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE, new NoOp());
        assertThatThrownBy(() -> LoraPlus.attach(base, config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fc2'")
                .hasMessageContaining("lambda = [4.0]")
                .hasMessageNotContaining("'fc1'");
    }

    @Test
    void layersToTransform_selectsByTheNumberInTheName() {
        ComputationGraph base = numbered();
        LoraConfig config = LoraConfig.builder().layersToTransform(1).build();
        assertThat(LoraPlus.attach(base, config).adapter().factors()).containsOnlyKeys("net.layer.1.fc.W");
        assertThat(LoraPlus.attach(
                                base,
                                config.toBuilder()
                                        .layersPattern("layer")
                                        .layersToTransform(0, 1)
                                        .build())
                        .adapter()
                        .factors())
                .containsOnlyKeys("net.layer.0.fc.W", "net.layer.1.fc.W");
        assertThatThrownBy(() -> LoraPlus.attach(
                        base, config.toBuilder().layersToTransform(7).build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("layersToTransform [7]");
    }

    @Test
    void embeddingRate_isThatOfBothFactors_andOfNothingElse() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .lambda(8)
                .embeddingRate(0.03)
                .targets(Targets.named("words.W", "out.W"))
                .build();
        MultiLayerNetwork base = words();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        assertThat(adapted.describe().toString())
                .contains("words.WloraA [9, 2] EMBEDDING_A, rate 0.03")
                .contains("words.WloraB [2, 5] EMBEDDING_B, rate 0.03")
                .contains("out.WloraA [5, 2] FACTOR_A, rate 0.1")
                .contains("out.WloraB [2, 3] FACTOR_B, rate 0.8");
        MultiLayerNetwork network = adapted.model();
        network.fit(Nd4j.createFromArray(new double[][] {{0}, {3}}), Networks.oneHot(DataType.DOUBLE, 2, 3));
        assertThat(LoraPlus.adapted(network.clone()).config().embeddingRate()).hasValue(0.03);
        assertThatThrownBy(() -> LoraPlus.attach(
                        base, config.toBuilder().targets("out.W").build()))
                .hasMessageContaining("embeddingRate")
                .hasMessageContaining("no embedding is a target");
    }

    /** All start equal to the base, the orthogonal one up to rounding. */
    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"GAUSSIAN", "ORTHOGONAL"})
    void startValues_leaveTheBaseAsItIs(Initialization initialization) {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .initialization(initialization)
                .seed(5)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        INDArray input = Networks.uniform(DataType.DOUBLE, 1, 4, Networks.IN);
        assertThat(Networks.difference(adapted.model().output(input), base.output(input)))
                .isLessThan(1e-14);
        assertThat(adapted.model().getParam("0_WloraA").amaxNumber().doubleValue())
                .isPositive();
        assertThat(LoraPlus.attach(base, config).model().params())
                .isEqualTo(adapted.model().params());
        assertThat(LoraPlus.adapted(adapted.model().clone()).config().initialization())
                .isEqualTo(initialization);
    }

    private static MultiLayerNetwork sequences(double rate) {
        return sequences(new Sgd(rate));
    }

    private static MultiLayerNetwork sequences(IUpdater updater) {
        MultiLayerNetwork network = new MultiLayerNetwork(Networks.settings(DataType.DOUBLE, updater)
                .list()
                .layer(new LSTM.Builder().name("lstm").nIn(4).nOut(6).build())
                .layer(named(LayerKind.sequenceOutput(6), "out"))
                .setInputType(InputType.recurrent(4, TIME))
                .build());
        network.init();
        return network;
    }

    private static Layer named(Layer layer, String name) {
        layer.setLayerName(name);
        return layer;
    }

    private static MultiLayerNetwork words() {
        MultiLayerNetwork network = new MultiLayerNetwork(Networks.settings(DataType.DOUBLE, new Sgd(0.1))
                .list(
                        new EmbeddingLayer.Builder()
                                .name("words")
                                .nIn(9)
                                .nOut(5)
                                .build(),
                        Networks.softmax().name("out").nIn(5).nOut(3).build())
                .build());
        network.init();
        return network;
    }

    private static ComputationGraph numbered() {
        ComputationGraph graph = new ComputationGraph(Networks.settings(DataType.DOUBLE, new Sgd(0.1))
                .graphBuilder()
                .addInputs("in")
                .addLayer("net.layer.0.fc", dense(), "in")
                .addLayer("net.layer.1.fc", dense(), "net.layer.0.fc")
                .addLayer("out", Networks.softmax().nIn(5).nOut(3).build(), "net.layer.1.fc")
                .setOutputs("out")
                .build());
        graph.init();
        return graph;
    }

    private static DenseLayer dense() {
        return new DenseLayer.Builder().nIn(5).nOut(5).build();
    }
}
