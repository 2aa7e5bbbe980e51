package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.AdaptedModel;
import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** A scale at run time, on layers with a branch and on those with an effective weight. */
@ExtendWith(InDouble.class)
class NetworkScaleTest {
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).alpha(3).build();

    @ParameterizedTest
    @CsvSource({
        "'Dense, Output', false, A_RANDOM_B_ZERO",
        "'Dense, Output', true, A_RANDOM_B_ZERO",
        "LSTM, false, A_RANDOM_B_ZERO",
        "'Dense, Output', false, PISSA",
        "'Dense, Output', true, PISSA",
        "LSTM, false, PISSA"
    })
    void scale_countsInOutputsMergesAndGradients(String name, boolean dora, Initialization start) {
        LayerKind kind = LayerKind.all()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        MultiLayerNetwork base = kind.network(new NoOp());
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                base,
                CONFIG.toBuilder().lambda(1).dora(dora).initialization(start).build());
        MultiLayerNetwork network = adapted.model();
        Networks.fill(network.params(), 3);
        INDArray once = network.output(kind.features()).dup();

        adapted.setScale(-1.75);
        INDArray scaled = network.output(kind.features()).dup();
        assertThat(Networks.difference(scaled, once)).isGreaterThan(1e-3);
        assertThat(Networks.difference(adapted.merge().output(kind.features()), scaled))
                .isLessThan(1e-12);
        assertThat(Networks.difference(network.output(kind.features(), true), scaled))
                .isLessThan(1e-12);
        if (!dora) {
            assertThat(KindChecks.passesGradientCheck(network, kind)).isTrue();
        }
        try (AdaptedModel.Disabled disabled = adapted.disable()) {
            assertThat(Networks.difference(network.output(kind.features()), base.output(kind.features())))
                    .as("%s", disabled)
                    .isLessThan(1e-12);
        }
        assertThat(network.output(kind.features()).equalsWithEps(scaled, 0)).isTrue();

        adapted.setScale(1);
        assertThat(network.output(kind.features()).equalsWithEps(once, 0)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"'Dense, Output', false", "'Dense, Output', true", "LSTM, false"})
    void scale_isAsAnAlphaOfThatSize(String name, boolean dora) {
        LayerKind kind = LayerKind.all()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
        LoraConfig config = CONFIG.toBuilder().dora(dora).build();
        AdaptedNetwork<MultiLayerNetwork> scaled = LoraPlus.attach(kind.network(new Sgd(0.1)), config);
        AdaptedNetwork<MultiLayerNetwork> configured = LoraPlus.attach(
                kind.network(new Sgd(0.1)), config.toBuilder().alpha(4.5).build());
        Networks.fill(scaled.model().params(), 3);
        Networks.fill(configured.model().params(), 3);

        scaled.setScale(1.5);
        for (int i = 0; i < 3; i++) {
            scaled.model().fit(kind.features(), kind.labels());
            configured.model().fit(kind.features(), kind.labels());
        }

        assertThat(scaled.model().params().equalsWithEps(configured.model().params(), 0))
                .isTrue();
        assertThat(scaled.describe().targets()).isEqualTo(configured.describe().targets());
    }

    @Test
    void copiesAndFilesOfDl4j_keepTheScale(@TempDir Path folder) throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE, new Sgd(0.1));
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        Networks.fill(adapted.model().params(), 3);
        adapted.setScale(0.5);
        INDArray expected = adapted.model().output(input).dup();
        adapted.model().save(folder.resolve("network.zip").toFile());
        MultiLayerNetwork restored =
                MultiLayerNetwork.load(folder.resolve("network.zip").toFile(), true);
        MultiLayerNetwork copy = adapted.model().clone();

        adapted.setScale(7);

        assertThat(restored.output(input).equalsWithEps(expected, 0)).isTrue();
        assertThat(LoraPlus.adapted(restored).scale()).isEqualTo(0.5);
        assertThat(copy.output(input).equalsWithEps(expected, 0)).isTrue();
        assertThat(LoraPlus.adapted(copy).scale()).isEqualTo(0.5);
        assertThat(copy.toComputationGraph().outputSingle(input).equalsWithEps(expected, 0))
                .isTrue();
        copy.fit(Networks.data(DataType.DOUBLE));
        assertThat(LoraPlus.adapted(copy).scale()).isEqualTo(0.5);
    }

    @Test
    void assign_givesValues_andTheScaleStays() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(Networks.dense(DataType.DOUBLE), CONFIG);
        INDArray input = Networks.data(DataType.DOUBLE).getFeatures();
        Networks.fill(adapted.model().params(), 3);
        Adapter values = adapted.adapter().copy();
        adapted.setScale(0);
        Networks.fill(adapted.model().params(), 4);

        adapted.assign(values);

        assertThat(adapted.scale()).isZero();
        INDArray params = adapted.model().params().dup();
        Networks.fill(adapted.model().params(), 3);
        assertThat(params.equalsWithEps(adapted.model().params(), 0)).isTrue();
        assertThat(Networks.difference(
                        adapted.model().output(input), adapted.detach().output(input)))
                .isZero();
    }
}
