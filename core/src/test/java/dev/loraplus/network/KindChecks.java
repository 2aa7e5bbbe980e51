package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.AdaptedModel;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.util.stream.Collectors;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.MLNConfig;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.PrintMode;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;

/** Checks what must hold for a kind of layer, in DOUBLE, whatever its adapter is. */
final class KindChecks {
    private KindChecks() {}

    /**
     * Checks that an adapted network starts as its base, merges into the base's configuration, is the same after a
     * clone and a round trip through JSON, and leaves the base alone in training.
     */
    static void assertExact(LayerKind kind, LoraConfig config) {
        MultiLayerNetwork base = kind.network(new Adam(0.01));
        INDArray weights = base.params().dup();
        INDArray expected = base.output(kind.features());
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config);
        MultiLayerNetwork network = adapted.model();
        assertThat(network.output(kind.features())).as("at the start").isEqualTo(expected);

        Networks.fill(network.params(), 3);
        INDArray output = network.output(kind.features());
        assertThat(Networks.difference(output, expected)).as("with factors").isGreaterThan(1e-3);
        assertMergesAndCopies(kind, base, adapted, output);
        assertDisables(kind, adapted, expected, output);
        for (int i = 0; i < 5; i++) {
            network.fit(kind.features(), kind.labels());
        }
        assertThat(base.params()).as("base after training").isEqualTo(weights);
        assertThat(base.output(kind.features())).as("base after training").isEqualTo(expected);
    }

    static void assertGradient(LayerKind kind, LoraConfig config) {
        MultiLayerNetwork network =
                LoraPlus.attach(kind.network(new NoOp()), config).model();
        Networks.fill(network.params(), 3);
        assertThat(passesGradientCheck(network, kind)).isTrue();
    }

    /** Checks every parameter but what factors started from, which is not trained. */
    static boolean passesGradientCheck(MultiLayerNetwork network, LayerKind kind) {
        return GradientCheckUtil.checkGradients(new MLNConfig()
                .net(network)
                .input(kind.features())
                .labels(kind.labels())
                .maxRelError(1e-5)
                .minAbsoluteError(1e-9)
                .print(PrintMode.FAILURES_ONLY)
                .excludeParams(network.paramTable().keySet().stream()
                        .filter(key -> key.endsWith("loraA0") || key.endsWith("loraB0"))
                        .collect(Collectors.toSet()))
                .subset(true)
                .maxPerParam(8));
    }

    private static void assertMergesAndCopies(
            LayerKind kind, MultiLayerNetwork base, AdaptedNetwork<MultiLayerNetwork> adapted, INDArray output) {
        MultiLayerNetwork network = adapted.model();
        MultiLayerNetwork merged = adapted.merge();
        assertThat(Networks.difference(merged.output(kind.features()), output))
                .as("merged")
                .isLessThanOrEqualTo(1e-12);
        assertThat(merged.getLayerWiseConfigurations().toJson())
                .isEqualTo(base.getLayerWiseConfigurations().toJson());
        assertThat(adapted.detach().params()).as("detached").isEqualTo(base.params());
        assertThat(network.clone().output(kind.features())).as("clone").isEqualTo(output);
        MultiLayerNetwork read = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(
                network.getLayerWiseConfigurations().toJson()));
        read.init(network.params().dup(), false);
        assertThat(read.output(kind.features())).as("read from JSON").isEqualTo(output);
    }

    private static void assertDisables(
            LayerKind kind, AdaptedNetwork<MultiLayerNetwork> adapted, INDArray base, INDArray output) {
        try (AdaptedModel.Disabled ignored = adapted.disable()) {
            assertThat(adapted.model().output(kind.features())).as("disabled").isEqualTo(base);
        }
        assertThat(adapted.model().output(kind.features())).as("enabled again").isEqualTo(output);
    }
}
