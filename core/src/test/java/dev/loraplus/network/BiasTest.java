package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

/** Biases of the base that are trained beside factors. */
@ExtendWith(InDouble.class)
class BiasTest {
    private static final LoraConfig ALL = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .lambda(1)
            .targets(Targets.glob("*"))
            .bias(Bias.ALL)
            .build();

    @TempDir
    private Path folder;

    static Stream<LayerKind> kinds() {
        return LayerKind.all();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everythingButTheGradient_isExact(LayerKind kind) {
        KindChecks.assertExact(kind, ALL);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void gradient_isTheNumericalOne(LayerKind kind) {
        KindChecks.assertGradient(kind, ALL);
    }

    @Test
    void all_trainsEveryBias_andLoraOnlyThoseOfTargets() {
        LoraConfig config = LoraConfig.builder().rank(2).targets("fc2.W").build();
        assertThat(parameters(config)).containsExactly("fc2.WloraA", "fc2.WloraB");
        assertThat(parameters(config.toBuilder().bias(Bias.LORA_ONLY).build()))
                .containsExactly("fc2.WloraA", "fc2.WloraB", "fc2.btrained");
        assertThat(parameters(config.toBuilder().bias(Bias.ALL).build()))
                .containsExactly("fc1.btrained", "fc2.WloraA", "fc2.WloraB", "fc2.btrained", "out.btrained");
        assertThat(parameters(
                        config.toBuilder().bias(Bias.ALL).modulesToSave("out").build()))
                .containsExactly("fc1.btrained", "fc2.WloraA", "fc2.WloraB", "fc2.btrained", "out.W", "out.b");
        assertThat(parameters(LoraConfig.builder()
                        .targets(Targets.none())
                        .bias(Bias.ALL)
                        .build()))
                .containsExactly("fc1.btrained", "fc2.btrained", "out.btrained");
    }

    private static Stream<String> parameters(LoraConfig config) {
        return LoraPlus.attach(Networks.dense(DataType.DOUBLE), config).parameters().stream()
                .map(parameter -> parameter.name());
    }

    /** A bias learns as in plain training: by the layer's updater of biases, whatever lambda is. */
    @Test
    void bias_learnsAtTheRateOfBiases() {
        double rate = 0.1;
        FineTuneConfiguration settings = new FineTuneConfiguration.Builder()
                .updater(new Sgd(rate))
                .biasUpdater(new Sgd(0.03))
                .l2Bias(0.5)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                Networks.dense(DataType.DOUBLE),
                ALL.toBuilder().lambda(8).build(),
                NetworkOptions.defaults().withFineTune(settings));
        MultiLayerNetwork network = adapted.model();
        Networks.fill(network.params(), 3);
        assertThat(adapted.describe().toString())
                .contains("fc1.btrained [7] BASE_BIAS, rate 0.03")
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.8");
        INDArray before = network.getParam("1_btrained").dup();
        network.setInput(Networks.data(DataType.DOUBLE).getFeatures());
        network.setLabels(Networks.data(DataType.DOUBLE).getLabels());
        network.computeGradientAndScore();
        INDArray gradient = network.gradient()
                .gradientForVariable()
                .get("1_btrained")
                .div(Networks.BATCH)
                .add(before.mul(0.5));
        network.fit(Networks.data(DataType.DOUBLE));
        assertThat(Networks.difference(network.getParam("1_btrained"), before.sub(gradient.mul(0.03))))
                .isLessThan(1e-15);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void zip_holdsTheBiases(Storage storage) throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        LoraConfig config = ALL.toBuilder().bias(Bias.LORA_ONLY).build();
        AdaptedNetwork<MultiLayerNetwork> adapted =
                LoraPlus.attach(base, config, NetworkOptions.defaults().withStorage(storage));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        INDArray merged = adapted.merge().params();

        File zip = folder.resolve("network.zip").toFile();
        adapted.model().save(zip);
        AdaptedNetwork<MultiLayerNetwork> restored = LoraPlus.adapted(MultiLayerNetwork.load(zip, true));
        assertThat(restored.config().bias()).isEqualTo(Bias.LORA_ONLY);
        assertThat(restored.merge().params().equalsWithEps(merged, 0)).isTrue();
    }

    @Test
    void biasWhereNoneIs_isRefused() {
        MultiLayerNetwork base = new MultiLayerNetwork(Networks.settings(DataType.DOUBLE, new Sgd(0.1))
                .list(
                        new DenseLayer.Builder().nIn(5).nOut(7).hasBias(false).build(),
                        Networks.softmax().nIn(7).nOut(3).build())
                .build());
        base.init();
        assertThatThrownBy(() -> LoraPlus.attach(
                        base,
                        LoraConfig.builder()
                                .targets("layer0.W")
                                .bias(Bias.LORA_ONLY)
                                .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bias = LORA_ONLY")
                .hasMessageContaining("leave it out");
    }
}
