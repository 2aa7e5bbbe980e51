package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** A bias on B, for the layers that compute through a branch. */
@ExtendWith(InDouble.class)
class BiasOfBTest {
    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .lambda(1)
            .loraBias(true)
            .targets(Targets.named("layer1.W"))
            .build();
    private static final List<String> KINDS = List.of("Dense, Output", "RnnOutput, time first", "Dense without bias");

    @TempDir
    private Path folder;

    static Stream<LayerKind> kinds() {
        return LayerKind.all().filter(kind -> KINDS.contains(kind.name()));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everythingButTheGradient_isExact(LayerKind kind) {
        KindChecks.assertExact(kind, CONFIG);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradient_isTheNumericalOne(LayerKind kind) {
        KindChecks.assertGradient(kind, CONFIG);
    }

    /** PEFT computes scaling (B A x + bias of B). */
    @Test
    void bias_isAddedTimesTheScaling_inPredictionAndInTraining() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                base, CONFIG.toBuilder().targets("fc1.W", "fc2.W", "out.W").build());
        MultiLayerNetwork network = adapted.model();
        network.params().assign(0);
        network.getParam("1_WloraBias").assign(Networks.uniform(DataType.DOUBLE, 1, 6));
        INDArray input = Networks.uniform(DataType.DOUBLE, 2, 4, Networks.IN);
        MultiLayerNetwork expected = base.clone();
        expected.getParam("1_b").addi(network.getParam("1_WloraBias").mul(1.5));
        assertThat(Networks.difference(network.output(input), expected.output(input)))
                .isLessThan(1e-15);
        assertThat(Networks.difference(network.output(input, true), expected.output(input)))
                .isLessThan(1e-15);
        assertThat(adapted.merge().params().equalsWithEps(expected.params(), 1e-15))
                .isTrue();
    }

    @Test
    void bias_learnsAtTheRateOfB() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                Networks.dense(DataType.DOUBLE, new Sgd(0.1)),
                CONFIG.toBuilder().lambda(8).targets("fc2.W").build());
        assertThat(adapted.describe().toString())
                .contains("fc2.WloraA [7, 2] FACTOR_A, rate 0.1")
                .contains("fc2.WloraBias [6] FACTOR_B_BIAS, rate 0.8");
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void zip_holdsTheBias(Storage storage) throws IOException {
        LoraConfig config = CONFIG.toBuilder().targets("fc2.W").build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                Networks.dense(DataType.FLOAT),
                config,
                NetworkOptions.defaults().withStorage(storage));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        File zip = folder.resolve("network.zip").toFile();
        adapted.model().save(zip);
        AdaptedNetwork<MultiLayerNetwork> restored = LoraPlus.adapted(MultiLayerNetwork.load(zip, true));
        assertThat(restored.config()).isEqualTo(config);
        assertThat(restored.merge().params().equalsWithEps(adapted.merge().params(), 0))
                .isTrue();
    }

    @Test
    void layerWithoutABranch_isRefused() {
        LayerKind lstm = LayerKind.all()
                .filter(kind -> kind.name().equals("LSTM"))
                .findFirst()
                .orElseThrow();
        MultiLayerNetwork base = lstm.network(new Adam(0.1));
        assertThatThrownBy(() -> LoraPlus.attach(
                        base, CONFIG.toBuilder().targets("layer0.W", "layer1.W").build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'layer0' (LSTM)")
                .hasMessageContaining("loraBias to false")
                .hasMessageNotContaining("'layer1'");
    }

    @Test
    void mergingIntoALayerWithoutBias_isRefused() {
        LayerKind without = LayerKind.all()
                .filter(kind -> kind.name().equals("Dense without bias"))
                .findFirst()
                .orElseThrow();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                without.network(new Adam(0.1)),
                CONFIG.toBuilder().targets("layer0.W").build());
        assertThatThrownBy(adapted::merge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'layer0.W'")
                .hasMessageContaining("none that could take it");
    }
}
