package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.AdaptedModel.Disabled;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.AdapterReport;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.math.ChangeStatistics;
import dev.loraplus.math.ResidualInit;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Factors of networks that start from the weights, PiSSA's and OLoRA's; the base is shared and stays as it is. */
@ExtendWith(InDouble.class)
class TakenStartTest {
    private static final double SCALING = 1.5;
    private static final Set<String> KINDS = Set.of(
            "Dense, Output",
            "Dense without bias",
            "Dense with layer normalization",
            "VariationalAutoencoder",
            "RecurrentAttention",
            "LSTM",
            "GravesBidirectionalLSTM",
            "TimeDistributed",
            "RnnOutput, time first");

    static Stream<LayerKind> kinds() {
        return LayerKind.all().filter(kind -> KINDS.contains(kind.name()));
    }

    static LoraConfig config(Initialization initialization) {
        return LoraConfig.builder()
                .rank(2)
                .alpha(2 * SCALING)
                .lambda(1)
                .initialization(initialization)
                .build();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everythingButTheGradient_isExact(LayerKind kind) {
        KindChecks.assertExact(kind, config(Initialization.PISSA));
        KindChecks.assertExact(kind, config(Initialization.OLORA));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everythingButTheGradient_isExactUnderDora(LayerKind kind) {
        KindChecks.assertExact(
                kind, config(Initialization.PISSA).toBuilder().dora(true).build());
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradient_isTheNumericalOne(LayerKind kind) {
        KindChecks.assertGradient(kind, config(Initialization.PISSA));
    }

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void start_isThatOfTheWeight_andTheBaseStaysBitForBit(Initialization initialization) {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE, new Adam(0.01));
        INDArray weights = base.params().dup();
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        INDArray expected = base.output(input);
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config(initialization));
        MultiLayerNetwork network = adapted.model();

        assertThat(Networks.difference(network.output(input), expected)).isLessThan(1e-14);
        assertThat(Networks.difference(network.output(input, true), expected)).isLessThan(1e-14);
        INDArray starts = starts(network);
        for (int i = 0; i < 3; i++) {
            Factors start = ResidualInit.factors(initialization, base.getParam(i + "_W"), 2, SCALING);
            assertThat(network.getParam(i + "_WloraA")).isEqualTo(start.a());
            assertThat(network.getParam(i + "_WloraB")).isEqualTo(start.b());
        }
        for (int i = 0; i < 20; i++) {
            network.fit(Networks.data(DataType.DOUBLE));
        }

        assertThat(Networks.difference(network.output(input), expected)).isGreaterThan(1e-3);
        assertThat(starts(network).equalsWithEps(starts, 0)).isTrue();
        assertThat(base.params().equalsWithEps(weights, 0)).isTrue();
        assertThat(base.output(input).equalsWithEps(expected, 0)).isTrue();
        assertThat(adapted.detach().params().equalsWithEps(weights, 0)).isTrue();
        assertMergesByHand(adapted, weights, initialization);
    }

    /** W - s A0 B0 + s A B, with the start computed from the base by itself. */
    private static void assertMergesByHand(
            AdaptedNetwork<MultiLayerNetwork> adapted, INDArray weights, Initialization initialization) {
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        MultiLayerNetwork network = adapted.model();
        MultiLayerNetwork expected = adapted.detach();
        for (int i = 0; i < 3; i++) {
            INDArray weight = expected.getParam(i + "_W");
            Factors start = ResidualInit.factors(initialization, weight, 2, SCALING);
            INDArray before = start.a().mmul(start.b());
            INDArray after = network.getParam(i + "_WloraA").mmul(network.getParam(i + "_WloraB"));
            weight.addi(after.sub(before).mul(SCALING));
        }
        assertThat(Networks.difference(expected.params(), weights)).isGreaterThan(1e-3);
        assertThat(Networks.difference(adapted.merge().params(), expected.params()))
                .isLessThan(1e-14);
        assertThat(Networks.difference(network.output(input), expected.output(input)))
                .isLessThan(1e-14);
        assertThat(Networks.difference(network.output(input, true), expected.output(input, true)))
                .isLessThan(1e-14);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void disabled_computesAsTheBase_andEnabledAsBefore(Storage storage) {
        ComputationGraph base = Networks.graph(DataType.DOUBLE);
        INDArray weights = base.params().dup();
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(
                base, config(Initialization.PISSA), NetworkOptions.defaults().withStorage(storage));
        ComputationGraph graph = adapted.model();
        for (int i = 0; i < 5; i++) {
            graph.fit(Networks.data(DataType.DOUBLE));
        }
        INDArray output = graph.outputSingle(input);
        assertThat(Networks.difference(output, base.outputSingle(input))).isGreaterThan(1e-3);
        assertThat(Networks.difference(adapted.merge().outputSingle(input), output))
                .isLessThan(1e-14);
        try (Disabled ignored = adapted.disable()) {
            assertThat(Networks.difference(graph.outputSingle(input), base.outputSingle(input)))
                    .isLessThan(1e-14);
        }
        assertThat(graph.outputSingle(input).equalsWithEps(output, 0)).isTrue();
        assertThat(adapted.detach().params().equalsWithEps(weights, 0)).isTrue();
        assertThat(base.params().equalsWithEps(weights, 0)).isTrue();
    }

    @Test
    void floats_startAsTheBaseUpToRounding() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        INDArray input = Networks.data(DataType.FLOAT).getFeatures();
        for (Initialization initialization : List.of(Initialization.PISSA, Initialization.OLORA)) {
            MultiLayerNetwork network =
                    LoraPlus.attach(base, config(initialization)).model();
            assertThat(Networks.difference(network.output(input), base.output(input)))
                    .isLessThan(1e-6);
        }
    }

    /** Without trained factors the residual is left, of which dropout takes nothing. */
    @Test
    void dropout_isForTheTrainedFactorsOnly() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        LoraConfig config =
                config(Initialization.PISSA).toBuilder().dropout(0.5).build();
        MultiLayerNetwork network = LoraPlus.attach(base, config).model();
        for (int i = 0; i < 3; i++) {
            network.getParam(i + "_WloraB").assign(0);
        }
        assertThat(Networks.difference(network.output(input, true), network.output(input)))
                .isLessThan(1e-14);
        assertThat(Networks.difference(network.output(input), base.output(input)))
                .isGreaterThan(1e-2);
    }

    @Test
    void report_measuresTheChangeOfTheOriginalWeight() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config(Initialization.PISSA));
        AdapterReport report = adapted.describe();
        for (int i = 0; i < 3; i++) {
            INDArray weight = base.getParam(i + "_W");
            Factors start = ResidualInit.factors(Initialization.PISSA, weight, 2, SCALING);
            ChangeStatistics change = report.targets().get(i).change();
            assertThat(change.normA()).isCloseTo(start.a().norm2Number().doubleValue(), within(1e-12));
            assertThat(change.norm()).isLessThan(1e-14);
        }
        assertThat(report.trained().parameters())
                .isEqualTo(2 * (Networks.IN + 7) + 2 * (7 + 6) + 2 * (6 + Networks.OUT));
        assertThat(adapted.parameters()).noneMatch(parameter -> parameter.name().endsWith("0"));
    }

    @Test
    void weightsThatNoFactorsCanStartFrom_areRefused() {
        assertRefused(
                "Convolution2D NCHW", 2, Targets.allLinear(), "'layer0' (ConvolutionLayer): 'W' is no linear weight");
        assertRefused("Embedding", 2, Targets.glob("*"), "(EmbeddingLayer): 'W' is no linear weight");
        assertRefused("Dense, Output", 4, Targets.allLinear(), "'W' has only 3 directions for rank 4");
    }

    private static void assertRefused(String name, int rank, Targets targets, String words) {
        LayerKind kind = LayerKind.all()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        MultiLayerNetwork base = kind.network(new Sgd(0.1));
        INDArray weights = base.params().dup();
        String json = base.getLayerWiseConfigurations().toJson();
        LoraConfig config = config(Initialization.OLORA).toBuilder()
                .rank(rank)
                .targets(targets)
                .build();
        assertThatThrownBy(() -> LoraPlus.attach(base, config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words)
                .hasMessageContaining("OLORA");
        assertThat(base.params().equalsWithEps(weights, 0)).isTrue();
        assertThat(base.getLayerWiseConfigurations().toJson()).isEqualTo(json);
    }

    private static INDArray starts(MultiLayerNetwork network) {
        return Nd4j.concat(
                0,
                Stream.of("0_W", "1_W", "2_W")
                        .flatMap(key -> Stream.of(key + "loraA0", key + "loraB0"))
                        .map(key -> Objects.requireNonNull(network.getParam(key)))
                        .map(array -> array.dup('c').reshape(array.length()))
                        .toArray(INDArray[]::new));
    }
}
