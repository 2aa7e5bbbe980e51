package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;

/** What must hold for every kind of layer, in DOUBLE, with every weight of it adapted. */
@ExtendWith(InDouble.class)
class LayerKindsTest {
    private static final LoraConfig CONFIG = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .lambda(1)
            .targets(Targets.glob("*"))
            .build();

    static Stream<LayerKind> right() {
        return LayerKind.all();
    }

    static Stream<LayerKind> all() {
        return Stream.concat(LayerKind.all(), LayerKind.wrongInDl4j());
    }

    /** Plain batch normalization is not frozen. */
    static Stream<LayerKind> comparable() {
        return all().filter(kind -> !kind.name().startsWith("BatchNormalization"));
    }

    @ParameterizedTest
    @MethodSource("all")
    void everythingButTheGradient_isExact(LayerKind kind) {
        KindChecks.assertExact(kind, CONFIG);
    }

    @ParameterizedTest
    @MethodSource("right")
    void gradient_isTheNumericalOne(LayerKind kind) {
        KindChecks.assertGradient(kind, CONFIG);
    }

    /**
     * Where plain DL4J's gradient of the merged weight is wrong, that of the factors is wrong in the same way, but for
     * the factor of 2 of every wrapped SameDiffLayer from there to the output.
     */
    @ParameterizedTest
    @MethodSource("comparable")
    void gradient_isThatOfThePlainLayer_throughTheFactors(LayerKind kind) {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(kind.network(new NoOp()), CONFIG);
        Networks.fill(adapted.model().params(), 3);
        Map<String, INDArray> gradients = gradients(adapted.model(), kind);
        Map<String, INDArray> plain = gradients(adapted.merge(), kind);

        for (int i = 0; i < adapted.model().getnLayers(); i++) {
            if (adapted.model().getLayer(i) instanceof AdapterLayer layer) {
                double right = 1 / plainFactor(adapted.model(), i);
                for (Map.Entry<String, Factors> entry :
                        layer.parameters().factors().entrySet()) {
                    String key = i + "_" + entry.getKey();
                    INDArray dW = layer.parameters()
                            .weight(entry.getKey())
                            .of(plain.get(key))
                            .mul(right);
                    Factors pair = entry.getValue();
                    assertClose(key + "loraA", gradients, dW.mmul(pair.b().transpose()));
                    assertClose(key + "loraB", gradients, pair.a().transpose().mmul(dW));
                }
            }
        }
    }

    private static double plainFactor(MultiLayerNetwork network, int index) {
        double factor = 1;
        for (int i = index; i < network.getnLayers(); i++) {
            boolean doubling =
                    network.getLayer(i) instanceof AdapterLayer layer && layer.getUnderlying() instanceof SameDiffLayer;
            factor *= doubling ? 2 : 1;
        }
        return factor;
    }

    private static void assertClose(String key, Map<String, INDArray> gradients, INDArray unscaled) {
        assertThat(Networks.difference(gradients.get(key), unscaled.mul(CONFIG.scaling())))
                .as("gradient of " + key)
                .isLessThan(1e-12);
    }

    static Stream<LayerKind> wrongInPlainDl4j() {
        return Stream.concat(LayerKind.doubledInDl4j(), LayerKind.wrongInDl4j());
    }

    /** When this fails, DL4J has been mended, and DoubledGradients must go. */
    @ParameterizedTest
    @MethodSource("wrongInPlainDl4j")
    void plainLayer_hasAWrongGradient(LayerKind kind) {
        assertThat(KindChecks.passesGradientCheck(kind.network(new NoOp()), kind))
                .isFalse();
    }

    /** Waits for -Pslow: the native library writes about it to the terminal. */
    @Tag("slow")
    @Test
    void learnedSelfAttention_failsAsInPlainDl4j() {
        LayerKind kind = LayerKind.learnedSelfAttention();
        MultiLayerNetwork base = kind.network(new Adam(0.01));
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        Throwable plain = catchThrowable(() -> base.output(kind.features()));
        assertThat(plain).hasMessageContaining("scatter_update");
        assertThat(catchThrowable(() -> adapted.model().output(kind.features())))
                .hasMessage(plain.getMessage());
        assertThat(adapted.detach().params()).isEqualTo(base.params());
    }

    private static Map<String, INDArray> gradients(MultiLayerNetwork network, LayerKind kind) {
        network.setInput(kind.features());
        network.setLabels(kind.labels());
        network.computeGradientAndScore();
        return network.gradient().gradientForVariable();
    }
}
