package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
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
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** DoRA for every kind of layer, in DOUBLE: each output of W + scaling A B with a trained length. */
@ExtendWith(InDouble.class)
class DoraTest {
    private static final double STEP = 1e-6;
    private static final LoraConfig DORA = LoraConfig.builder()
            .rank(2)
            .alpha(3)
            .lambda(1)
            .targets(Targets.glob("*"))
            .dora(true)
            .build();

    @TempDir
    private Path folder;

    static Stream<LayerKind> kinds() {
        return LayerKind.all();
    }

    static Stream<LayerKind> matrices() {
        return TakenStartTest.kinds();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void everythingButTheGradient_isExact(LayerKind kind) {
        KindChecks.assertExact(kind, DORA);
    }

    /** The oracle sets m V / length into the plain network, with the length of where it started (DoRA, section 4.3). */
    @ParameterizedTest
    @MethodSource("kinds")
    void gradient_isTheNumericalOne_withTheLengthsHeld(LayerKind kind) {
        assertGradient(kind, DORA);
    }

    @ParameterizedTest
    @MethodSource("matrices")
    void gradient_isTheNumericalOne_whereFactorsStartFromTheWeights(LayerKind kind) {
        assertGradient(
                kind, DORA.toBuilder().initialization(Initialization.PISSA).build());
    }

    private static void assertGradient(LayerKind kind, LoraConfig config) {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(kind.network(new NoOp()), config);
        MultiLayerNetwork network = adapted.model();
        Networks.fill(network.params(), 3);
        network.setInput(kind.features());
        network.setLabels(kind.labels());
        network.computeGradientAndScore();
        Gradients gradients = new Gradients(network, network.gradient().gradientForVariable());
        MultiLayerNetwork base = adapted.detach();
        for (int i = 0; i < network.getnLayers(); i++) {
            if (network.getLayer(i) instanceof AdapterLayer layer) {
                for (String key : layer.parameters().factors().keySet()) {
                    new Oracle(adapted.merge(), base, kind, layer.parameters(), i, key).check(gradients);
                }
            }
        }
    }

    private record Gradients(MultiLayerNetwork network, Map<String, INDArray> byName) {}

    /** Computes the score of a plain network for one weight's factors and magnitudes, entry by entry. */
    private static final class Oracle {
        private final MultiLayerNetwork plain;
        private final DataSet data;
        private final WeightMatrix matrix;
        private final String name;
        private final double scaling;
        private final double[][] weight;
        private final double[][] a;
        private final double[][] b;
        private final double[] m;
        private final double[] lengths;

        Oracle(
                MultiLayerNetwork plain,
                MultiLayerNetwork base,
                LayerKind kind,
                AdapterParameters parameters,
                int layer,
                String key) {
            this.plain = plain;
            this.data = new DataSet(kind.features(), kind.labels());
            this.matrix = parameters.weight(key);
            this.name = layer + "_" + key;
            this.scaling = DORA.scaling();
            Factors factors = parameters.factors().get(key);
            INDArray residual = matrix.of(base.getParam(name)).dup('c');
            Factors start = parameters.starts().get(key);
            if (start != null) {
                residual.subi(start.a().mmul(start.b()).mul(scaling));
            }
            weight = residual.toDoubleMatrix();
            a = factors.a().toDoubleMatrix();
            b = factors.b().toDoubleMatrix();
            m = factors.magnitude().toDoubleVector();
            lengths = new double[m.length];
            for (double[] row : sum()) {
                for (int j = 0; j < m.length; j++) {
                    lengths[j] += row[j] * row[j];
                }
            }
            for (int j = 0; j < m.length; j++) {
                lengths[j] = Math.sqrt(lengths[j]);
            }
        }

        void check(Gradients gradients) {
            for (int k = 0; k < 3; k++) {
                int i = (7 * k + 1) % a.length;
                int j = (5 * k + 2) % m.length;
                int r = k % 2;
                check(gradients, "loraA", a[i], r, i, r);
                check(gradients, "loraB", b[r], j, r, j);
                check(gradients, "loraM", m, j, j);
            }
        }

        private void check(Gradients gradients, String part, double[] values, int index, long... place) {
            double value = values[index];
            values[index] = value + STEP;
            double above = score();
            values[index] = value - STEP;
            double below = score();
            values[index] = value;
            double numerical = (above - below) / (2 * STEP) * data.numExamples();
            double computed = gradients.byName().get(name + part).getDouble(place);
            assertThat(computed)
                    .as(() -> "gradient of " + name + part + Arrays.toString(place))
                    .isCloseTo(numerical, within(1e-6 + 1e-5 * Math.abs(numerical)));
        }

        private double score() {
            double[][] sum = sum();
            for (double[] row : sum) {
                for (int j = 0; j < m.length; j++) {
                    row[j] *= m[j] / lengths[j];
                }
            }
            matrix.of(plain.getParam(name)).assign(Nd4j.createFromArray(sum));
            return plain.score(data, false);
        }

        private double[][] sum() {
            double[][] sum = new double[weight.length][m.length];
            for (int i = 0; i < weight.length; i++) {
                for (int j = 0; j < m.length; j++) {
                    sum[i][j] = weight[i][j];
                    for (int r = 0; r < b.length; r++) {
                        sum[i][j] += scaling * a[i][r] * b[r][j];
                    }
                }
            }
            return sum;
        }
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void zip_holdsTheMagnitudes(Storage storage) throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        AdaptedNetwork<MultiLayerNetwork> adapted =
                LoraPlus.attach(base, DORA, NetworkOptions.defaults().withStorage(storage));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        adapted.model().fit(Networks.data(DataType.FLOAT));
        INDArray merged = adapted.merge().params();
        File zip = folder.resolve("network.zip").toFile();
        adapted.model().save(zip);
        AdaptedNetwork<MultiLayerNetwork> restored = LoraPlus.adapted(MultiLayerNetwork.load(zip, true));
        assertThat(restored.config().dora()).isTrue();
        assertThat(restored.merge().params().equalsWithEps(merged, 0)).isTrue();
    }

    @Test
    void magnitude_learnsAtTheRateOfA_withoutDecay() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                Networks.dense(DataType.DOUBLE, new Sgd(0.1)),
                DORA.toBuilder().lambda(8).build());
        assertThat(adapted.describe().toString())
                .contains("fc1.WloraM [7] MAGNITUDE, rate 0.1")
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.8");
    }

    @Test
    void outputOfZeros_isRefused() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        base.getParam("1_W").putColumn(2, Nd4j.zeros(7));
        assertThatThrownBy(() -> LoraPlus.attach(base, DORA))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fc2.W'")
                .hasMessageContaining("without a direction");
    }

    @Test
    void dropout_isRefused() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        assertThatThrownBy(() ->
                        LoraPlus.attach(base, DORA.toBuilder().dropout(0.1).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fc1'")
                .hasMessageContaining("dora")
                .hasMessageContaining("dropout to 0");
    }
}
