package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.AdaptedModel.Disabled;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import dev.loraplus.samediff.gradient.Gradients;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;

/** Every option of PEFT on small graphs: what is trained, what is computed, and that it all comes off again. */
class OptionsTest {
    private static final LoraConfig RANK_TWO =
            LoraConfig.builder().rank(2).alpha(6).build();

    @Test
    void patterns_giveEachWeightItsRankAndScaling() {
        SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
        LoraConfig config = RANK_TWO.toBuilder()
                .rankPattern("layer1", 3)
                .alphaPattern("layer[0]", 4)
                .rsLora(true)
                .build();
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        Fixtures.fill(adapted, 1);
        SameDiff plain = Fixtures.mlp(DataType.DOUBLE);
        change(plain, adapted, "layer0.weight", 4 / Math.sqrt(2));
        change(plain, adapted, "layer1.weight", 6 / Math.sqrt(3));
        assertThat(adapted.adapter().factors().get("layer1.weight").a().shape()).containsExactly(6, 3);
        Map<String, INDArray> batch = Fixtures.batch(2, DataType.DOUBLE);
        INDArray expected = Fixtures.output(plain, batch, "out");
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        adapted.merge();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
    }

    @Test
    void biasOfB_isAddedTimesScaling_mergesIntoTheBase_andComesOff() {
        SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
        GraphSnapshot before = GraphSnapshot.of(graph);
        AdaptedGraph adapted =
                LoraPlus.attach(graph, RANK_TWO.toBuilder().loraBias(true).build());
        Fixtures.fill(adapted, 3);
        SameDiff plain = Fixtures.mlp(DataType.DOUBLE);
        for (String layer : List.of("layer0", "layer1")) {
            change(plain, adapted, layer + ".weight", 3);
            INDArray bias = adapted.adapter().factors().get(layer + ".weight").bias();
            plain.getVariable(layer + ".bias").getArr().addi(bias.mul(3));
        }
        Map<String, INDArray> batch = Fixtures.batch(2, DataType.DOUBLE);
        INDArray expected = Fixtures.output(plain, batch, "out");
        INDArray bits = graph.getVariable("layer0.bias").getArr().dup();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        assertGradients(adapted, batch);
        adapted.merge();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        adapted.unmerge();
        assertThat(graph.getVariable("layer0.bias").getArr().equalsWithEps(bits, 0))
                .isTrue();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        adapted.detach();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    static Stream<Boolean> formats() {
        return Stream.of(true, false);
    }

    @ParameterizedTest
    @MethodSource("formats")
    void biasOfB_onAConvolution_isAddedToItsChannels(boolean channelsFirst) {
        SameDiff graph = convolution(channelsFirst);
        LoraConfig config = RANK_TWO.toBuilder().targets("w").loraBias(true).build();
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        Fixtures.fill(adapted, 4);
        SameDiff plain = convolution(channelsFirst);
        Factors factors = adapted.adapter().factors().get("w");
        plain.getVariable("w")
                .getArr()
                .addi(factors.a().mmul(factors.b()).mul(3).reshape('c', 2, 2, 3, 4));
        plain.getVariable("b").getArr().addi(factors.bias().mul(3));
        Map<String, INDArray> batch = WeightCase.batch(graph);
        INDArray expected = Fixtures.output(plain, batch, "out");
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        assertGradients(adapted, batch);
        adapted.merge();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
    }

    @Test
    void biasOfB_withoutABiasToMergeInto_isRefusedAtMerge() {
        SameDiff graph = lookupAndHead(DataType.DOUBLE);
        LoraConfig config = RANK_TWO.toBuilder().targets("head").loraBias(true).build();
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        assertThatThrownBy(adapted::merge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("'head.weight'", "no bias");
        assertThat(adapted.isMerged()).isFalse();
    }

    @Test
    void biases_areTrainedAllOrThoseOfTargets_andComeOff() {
        assertThat(trained(Bias.NONE)).isEmpty();
        assertThat(trained(Bias.LORA_ONLY)).containsExactly("layer0.bias");
        assertThat(trained(Bias.ALL)).containsExactlyInAnyOrder("layer0.bias", "layer1.bias");
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        GraphSnapshot before = GraphSnapshot.of(graph);
        INDArray bits = graph.getVariable("layer1.bias").getArr().dup();
        AdaptedGraph adapted =
                LoraPlus.attach(graph, RANK_TWO.toBuilder().bias(Bias.ALL).build());
        graph.getVariable("layer1.bias").getArr().addi(1);
        try (Disabled base = adapted.disable()) {
            assertThat(graph.getVariable("layer1.bias").getArr().equalsWithEps(bits, 0))
                    .as("%s", base)
                    .isTrue();
        }
        adapted.detach();
        assertThat(graph.getVariable("layer1.bias").getArr().equalsWithEps(bits, 0))
                .isTrue();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    private static List<String> trained(Bias bias) {
        LoraConfig config = RANK_TWO.toBuilder().targets("layer0").bias(bias).build();
        return LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), config).parameters().stream()
                .filter(parameter -> parameter.kind() == Kind.BASE_BIAS)
                .map(TrainedParameter::name)
                .toList();
    }

    @Test
    void embedding_isDeclaredAsOne_startsByItsRules_andHasRightGradients() {
        SameDiff graph = lookupAndHead(DataType.DOUBLE);
        Map<String, INDArray> batch = WeightCase.batch(graph);
        INDArray before = Fixtures.output(graph, batch, "out");
        AdaptedGraph adapted = LoraPlus.attach(
                graph, RANK_TWO.toBuilder().targets("table", "head").build());
        assertThat(kinds(adapted))
                .containsEntry("table.weight.lora_A", Kind.EMBEDDING_A)
                .containsEntry("table.weight.lora_B", Kind.EMBEDDING_B)
                .containsEntry("head.weight.lora_A", Kind.FACTOR_A);
        Factors start = adapted.adapter().factors().get("table.weight");
        assertThat(start.a().amaxNumber().doubleValue()).isZero();
        assertThat(start.b().amaxNumber().doubleValue()).isPositive();
        assertThat(Fixtures.output(graph, batch, "out").equalsWithEps(before, 0))
                .isTrue();
        Fixtures.fill(adapted, 5);
        assertGradients(adapted, batch);
    }

    /** The table is the head too: one variable, used as a look-up and, transposed, in a product. */
    @Test
    void tiedWeight_staysTied() {
        SameDiff graph = tied();
        AdaptedGraph adapted =
                LoraPlus.attach(graph, RANK_TWO.toBuilder().targets("tied").build());
        Fixtures.fill(adapted, 6);
        SameDiff plain = tied();
        Factors factors = adapted.adapter().factors().get("tied.weight");
        plain.getVariable("tied.weight")
                .getArr()
                .addi(factors.a().mmul(factors.b()).transpose().mul(3));
        Map<String, INDArray> batch = WeightCase.batch(graph);
        INDArray expected = Fixtures.output(plain, batch, "out");
        assertClose(Fixtures.output(graph, batch, "out"), expected);
        assertGradients(adapted, batch);
        adapted.merge();
        assertClose(Fixtures.output(graph, batch, "out"), expected);
    }

    @Test
    void layersToTransform_takesThoseLayersOnly() {
        LoraConfig config =
                RANK_TWO.toBuilder().targets("w").layersToTransform(1).build();
        assertThat(adaptedOf(config)).containsExactly("enc.layer.1.w");
        assertThat(adaptedOf(config.toBuilder().layersPattern("layer").build())).containsExactly("enc.layer.1.w");
        assertThatThrownBy(
                        () -> adaptedOf(config.toBuilder().layersToTransform(7).build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("layersToTransform [7]");
        assertThat(adaptedOf(RANK_TWO.toBuilder()
                        .targets(Targets.named("w").exclude("layer.0.w"))
                        .build()))
                .containsExactly("enc.layer.1.w");
    }

    private static Iterable<String> adaptedOf(LoraConfig config) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 4);
        SDVariable first = graph.mmul(x, graph.var("enc.layer.0.w", Fixtures.random(1, DataType.FLOAT, 4, 4)));
        graph.mmul("out", first, graph.var("enc.layer.1.w", Fixtures.random(2, DataType.FLOAT, 4, 4)));
        return LoraPlus.attach(graph, config).adapter().factors().keySet();
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void changedBase_givesTheSameOutput_andEveryBitBack(Initialization initialization) {
        SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
        GraphSnapshot before = GraphSnapshot.of(graph);
        Map<String, INDArray> batch = Fixtures.batch(8, DataType.DOUBLE);
        INDArray out = Fixtures.output(graph, batch, "out");
        INDArray bits = graph.getVariable("layer0.weight").getArr().dup();
        AdaptedGraph adapted = LoraPlus.attach(
                graph, RANK_TWO.toBuilder().initialization(initialization).build());
        assertThat(Gradients.distance(graph.getVariable("layer0.weight").getArr(), bits))
                .isGreaterThan(0.1);
        assertClose(Fixtures.output(graph, batch, "out"), out);
        String fingerprint = adapted.baseFingerprint();
        try (Disabled base = adapted.disable()) {
            assertThat(Fixtures.output(graph, batch, "out").equalsWithEps(out, 0))
                    .as("%s", base)
                    .isTrue();
            assertThat(adapted.baseFingerprint()).isEqualTo(fingerprint);
        }
        adapted.merge();
        assertClose(Fixtures.output(graph, batch, "out"), out);
        assertThat(adapted.baseFingerprint()).isEqualTo(fingerprint);
        adapted.unmerge();
        assertClose(Fixtures.output(graph, batch, "out"), out);
        adapted.detach();
        assertThat(graph.getVariable("layer0.weight").getArr().equalsWithEps(bits, 0))
                .isTrue();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    @Test
    void optionsWithoutEffect_areRefusedInWords() {
        assertRefused(RANK_TWO.toBuilder().rankPattern("nothing", 3), "rankPattern 'nothing'");
        assertRefused(RANK_TWO.toBuilder().embeddingRate(1e-3), "embeddingRate, since no target is an embedding");
        SameDiff graph = lookupAndHead(DataType.DOUBLE);
        LoraConfig config =
                RANK_TWO.toBuilder().targets("head").bias(Bias.LORA_ONLY).build();
        assertThatThrownBy(() -> LoraPlus.attach(graph, config)).hasMessageContaining("bias = LORA_ONLY");
        assertRefused(RANK_TWO.toBuilder().rank(3).initialization(Initialization.ORTHOGONAL), "must be even");
        assertRefused(RANK_TWO.toBuilder().rank(4).initialization(Initialization.PISSA), "only 3 directions");
    }

    private static void assertRefused(LoraConfig.Builder builder, String words) {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        GraphSnapshot before = GraphSnapshot.of(graph);
        assertThatThrownBy(() -> LoraPlus.attach(graph, builder.build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words);
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    private static SameDiff convolution(boolean channelsFirst) {
        SameDiff graph = SameDiff.create();
        long[] shape = channelsFirst ? new long[] {2, 3, 5, 4} : new long[] {2, 5, 4, 3};
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, shape);
        SDVariable w = graph.var("w", Fixtures.random(1, DataType.DOUBLE, 2, 2, 3, 4));
        SDVariable b = graph.var("b", Fixtures.random(2, DataType.DOUBLE, 4));
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(2)
                .kW(2)
                .dataFormat(channelsFirst ? "NCHW" : "NHWC")
                .build();
        SDVariable out = graph.cnn.conv2d("out", x, w, b, config);
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static SameDiff lookupAndHead(DataType type) {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, 4);
        SDVariable table = graph.var("table.weight", Fixtures.random(1, type, 7, 6));
        SDVariable head = graph.var("head.weight", Fixtures.random(2, type, 6, 3));
        SDVariable out = graph.mmul("out", graph.math.tanh(graph.gather(table, ids, 0)), head);
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static SameDiff tied() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, 4);
        SDVariable table = graph.var("tied.weight", Fixtures.random(1, DataType.DOUBLE, 7, 6));
        SDVariable hidden = graph.math.tanh(graph.gather(table, ids, 0));
        SDVariable out = graph.mmul("out", hidden, table, false, true, false);
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static void change(SameDiff plain, AdaptedGraph adapted, String weight, double scaling) {
        Factors factors = adapted.adapter().factors().get(weight);
        plain.getVariable(weight).getArr().addi(factors.a().mmul(factors.b()).mul(scaling));
    }

    private static Map<String, Kind> kinds(AdaptedGraph adapted) {
        return adapted.parameters().stream().collect(Collectors.toMap(TrainedParameter::name, TrainedParameter::kind));
    }

    private static void assertGradients(AdaptedGraph adapted, Map<String, INDArray> batch) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-3).progress(false).build()) {
            trainer.gradients(batch).forEach((name, value) -> gradients.put(name, value.dup()));
        }
        Map<String, INDArray> numeric =
                Gradients.byDifferences(adapted.graph(), batch, List.of("loss"), gradients.keySet());
        gradients.forEach((name, gradient) -> assertThat(Gradients.distance(gradient, numeric.get(name)))
                .as(name)
                .isLessThan(1e-6));
    }

    private static void assertClose(INDArray got, INDArray expected) {
        assertThat(Gradients.distance(got, expected)).isLessThan(1e-12);
    }
}
