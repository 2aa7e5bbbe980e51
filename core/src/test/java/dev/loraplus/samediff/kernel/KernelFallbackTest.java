package dev.loraplus.samediff.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Compares what runs instead of a kernel with stock graphs in DOUBLE, and pins when it runs. */
class KernelFallbackTest {
    private final Random random = new Random(17);

    @Test
    void supports_contiguousFloatOnly() {
        INDArray matrix = Samples.gaussian(random, 6, 5);

        assertThat(supported(matrix)).isTrue();
        assertThat(supported(middleRows(matrix))).as("rows in place").isTrue();
        assertThat(supported(matrix.castTo(DataType.DOUBLE))).as("double").isFalse();
        assertThat(supported(matrix.dup('f'))).as("'f' order").isFalse();
        assertThat(supported(matrix.transpose())).as("transposed").isFalse();
        assertThat(supported(evenColumns(matrix))).as("every second column").isFalse();
        assertThat(supported(Nd4j.empty(DataType.FLOAT))).as("empty").isFalse();
        assertThat(Kernels.supports(List.of(matrix), List.of(matrix.dup('f'))))
                .as("output in 'f' order")
                .isFalse();
    }

    @Test
    void rowsInPlace_giveWhatTheirCopyGives() {
        INDArray x = middleRows(Samples.mixed(random, 6, 5));
        INDArray dy = middleRows(Samples.mixed(random, 6, 5));
        INDArray gain = Samples.mixed(random, 3, 5).getRow(1);
        INDArray bias = Samples.mixed(random, 3, 5).getRow(2);

        assertThat(x.data().offset()).isPositive();
        assertThat(Samples.run(new GeluOp(true), x)).isEqualTo(Samples.run(new GeluOp(true), x.dup()));
        assertThat(Samples.run(new MultiplyOp(), x, dy)).isEqualTo(Samples.run(new MultiplyOp(), x.dup(), dy.dup()));
        assertThat(Samples.run(new LayerNormOp(), x, gain, bias))
                .isEqualTo(Samples.run(new LayerNormOp(), x.dup(), gain.dup(), bias.dup()));
        assertThat(Samples.run(new LayerNormGradOp(), x, gain, dy))
                .isEqualTo(Samples.run(new LayerNormGradOp(), x.dup(), gain.dup(), dy.dup()));
    }

    @Test
    void rowsInPlaceAsOutput_leaveTheirNeighboursAlone() {
        INDArray target = Nd4j.valueArrayOf(new long[] {6, 5}, 9f);
        INDArray x = Samples.gaussian(random, 3, 5);

        new GeluOp(false).run(List.of(x), List.of(middleRows(target)));

        INDArray expected = Nd4j.valueArrayOf(new long[] {6, 5}, 9f);
        middleRows(expected).assign(Samples.run(new GeluOp(false), x).get(0));
        assertThat(target).isEqualTo(expected);
    }

    @Test
    void doubleInputs_matchStockGraph() {
        for (int n = 1; n <= 67; n += 11) {
            INDArray x = Samples.mixed(random, n % 4 + 1, n).castTo(DataType.DOUBLE);
            INDArray dy = Samples.mixed(random, x.shape()).castTo(DataType.DOUBLE);
            INDArray gain = Samples.gaussian(random, n).castTo(DataType.DOUBLE);
            INDArray bias = Samples.gaussian(random, n).castTo(DataType.DOUBLE);

            checkAll(x, dy, gain, bias, 1e-12);
        }
    }

    @Test
    void doubleInputsOfRankThree_matchStockGraph() {
        INDArray x = Samples.gaussian(random, 2, 3, 5).castTo(DataType.DOUBLE);
        INDArray dy = Samples.gaussian(random, 2, 3, 5).castTo(DataType.DOUBLE);
        INDArray gain = Samples.gaussian(random, 5).castTo(DataType.DOUBLE);

        checkAll(x, dy, gain, gain.neg(), 1e-12);
    }

    @Test
    void doubleNan_matchesStockGraph() {
        INDArray x = Samples.gaussian(random, 3, 4).castTo(DataType.DOUBLE);
        x.putScalar(1, 2, Double.NaN);
        INDArray gain = Samples.gaussian(random, 4).castTo(DataType.DOUBLE);

        checkAll(x, Samples.gaussian(random, 3, 4).castTo(DataType.DOUBLE), gain, gain.neg(), 1e-12);
    }

    @Test
    void floatViews_matchStockGraph() {
        INDArray gain = Samples.gaussian(random, 5);
        INDArray bias = Samples.gaussian(random, 5);
        INDArray plain = Samples.gaussian(random, 7, 5);
        List<INDArray> views = List.of(
                evenColumns(Samples.gaussian(random, 7, 10)),
                Samples.gaussian(random, 5, 7).transpose(),
                Samples.gaussian(random, 7, 5).dup('f'));
        for (INDArray view : views) {
            checkAll(view, plain, gain, bias, 2e-6);
            checkAll(plain, view, gain, bias, 2e-6);
        }
    }

    @Test
    void layerNormWithoutBias_inDouble_equalsZeroBias() {
        INDArray x = Samples.gaussian(random, 3, 7).castTo(DataType.DOUBLE);
        INDArray gain = Samples.gaussian(random, 7).castTo(DataType.DOUBLE);

        assertThat(Samples.run(new LayerNormOp(), x, gain))
                .isEqualTo(Samples.run(new LayerNormOp(), x, gain, gain.mul(0)));
    }

    @Test
    void inputsThatDoNotFit_areRefused() {
        INDArray x = Samples.gaussian(random, 3, 7);
        INDArray vector = Samples.gaussian(random, 7);

        assertThatThrownBy(() -> Samples.run(new MultiplyOp(), x, vector))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'loraplus_multiply' got inputs of shapes [3, 7] and [7]; they must be equal, it does not"
                        + " broadcast.");
        assertThatThrownBy(() -> Samples.run(new LayerNormOp(), x, Samples.gaussian(random, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'loraplus_layer_norm' got a gain or bias of shape [3] for an input of shape [3, 7]; it"
                        + " must have 7 elements, as a row has.");
        assertThatThrownBy(() -> Samples.run(new LayerNormOp(), vector, vector))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("'loraplus_layer_norm' got an input of shape [7]; it works on the last dimension of at"
                        + " least two.");
        assertThatThrownBy(() -> Samples.run(new LayerNormGradOp(), x, vector, x.transpose()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[3, 7] and [7, 3]");
    }

    private static void checkAll(INDArray x, INDArray dy, INDArray gain, INDArray bias, double tolerance) {
        List<INDArray> gelu = Samples.run(new GeluOp(true), x);
        List<INDArray> erf = StockGraph.gelu(x);
        check(gelu.get(0), erf.get(0), tolerance);
        check(gelu.get(1), erf.get(1), tolerance);
        INDArray product = x.castTo(DataType.DOUBLE).mul(dy.castTo(DataType.DOUBLE));
        check(Samples.run(new MultiplyOp(), x, dy).get(0), product, tolerance);
        List<INDArray> norm = StockGraph.layerNorm(x, gain, bias, dy);
        check(Samples.run(new LayerNormOp(), x, gain, bias).get(0), norm.get(0), tolerance);
        check(Samples.run(new LayerNormGradOp(), x, gain, dy).get(0), norm.get(1), tolerance);
    }

    private static void check(INDArray got, INDArray stock, double tolerance) {
        double[] actual = got.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        double[] expected = stock.dup('c').data().asDouble();
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            if (Double.compare(actual[i], expected[i]) != 0) {
                assertThat(actual[i]).isCloseTo(expected[i], within(tolerance * Math.max(1, Math.abs(expected[i]))));
            }
        }
    }

    private static boolean supported(INDArray array) {
        return Kernels.supports(List.of(array), List.of());
    }

    private static INDArray middleRows(INDArray matrix) {
        return matrix.get(NDArrayIndex.interval(2, 5), NDArrayIndex.all());
    }

    private static INDArray evenColumns(INDArray matrix) {
        return matrix.get(NDArrayIndex.all(), NDArrayIndex.interval(0, 2, matrix.columns()));
    }
}
