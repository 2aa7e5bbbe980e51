package dev.loraplus.samediff.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Compares the FLOAT kernels with stock graphs in DOUBLE. */
class KernelAccuracyTest {
    private static final int SIZES = 67;
    private static final double TOLERANCE = 2e-6;
    /** What the DOUBLE graph itself rounds off, relative to the numbers that cancel. */
    private static final double STOCK_ROUNDING = 1e-14;

    private static int cases;

    @AfterAll
    static void someCasesRan() {
        System.out.println("kernels: " + cases + " cases");
        assertThat(cases).isPositive();
    }

    @Test
    void gelu_ofAllSizes_matchesErfGraphInDouble() {
        INDArray x = Samples.mixed(new Random(1), SIZES * (SIZES + 1) / 2);
        x.putScalar(1000, Float.NaN);
        List<INDArray> stock = StockGraph.gelu(x);

        for (int n = 1; n <= SIZES; n++) {
            List<INDArray> got = Samples.run(new GeluOp(true), piece(x, n));
            check(got, List.of(piece(stock.get(0), n), piece(stock.get(1), n)));
            assertThat(Samples.run(new GeluOp(false), piece(x, n)).get(0).data().asFloat())
                    .isEqualTo(got.get(0).data().asFloat());
        }
    }

    @Test
    void gelu_onAFineGrid_matchesErfGraph() {
        INDArray x = Nd4j.linspace(DataType.FLOAT, -8, 16.0 / 200_000, 200_001);

        check(Samples.run(new GeluOp(true), x), StockGraph.gelu(x));
    }

    @Test
    void gelu_ofInfinity_isTheLimit() {
        INDArray x = Nd4j.createFromArray(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN);

        List<INDArray> out = Samples.run(new GeluOp(true), x);

        assertThat(out.get(0).toFloatVector()).containsExactly(Float.POSITIVE_INFINITY, 0f, Float.NaN);
        assertThat(out.get(1).toFloatVector()).containsExactly(1f, 0f, Float.NaN);
    }

    @Test
    void multiply_ofAllSizes_matchesStockInDoubleAndStockInFloatBitForBit() {
        INDArray a = Samples.mixed(new Random(2), SIZES * (SIZES + 1) / 2);
        INDArray b = Samples.mixed(new Random(3), SIZES * (SIZES + 1) / 2);
        a.putScalar(500, Float.NaN);
        b.putScalar(1500, Float.NaN);
        INDArray wide = a.castTo(DataType.DOUBLE).mul(b.castTo(DataType.DOUBLE));
        INDArray stock = a.mul(b);

        for (int n = 1; n <= SIZES; n++) {
            List<INDArray> got = Samples.run(new MultiplyOp(), piece(a, n), piece(b, n));
            check(got, List.of(piece(wide, n)));
            assertThat(got.get(0).data().asFloat())
                    .isEqualTo(piece(stock, n).data().asFloat());
        }
    }

    static Stream<long[]> shapes() {
        Stream<long[]> matrices =
                Stream.iterate(1L, n -> n <= SIZES, n -> n + 1).map(n -> new long[] {SIZES + 3 - n, n});
        return Stream.concat(matrices, Stream.of(new long[] {2, 3, 5}, new long[] {3, 1, 2, 7}, new long[] {150, 301}));
    }

    /** The seed is the shape, which a failure names; the last rows hold NaN and infinity in x and NaN in dy. */
    @ParameterizedTest
    @MethodSource("shapes")
    void layerNorm_matchesStockGraphInDouble(long[] shape) {
        Random random = new Random(Arrays.hashCode(shape));
        int n = (int) shape[shape.length - 1];
        INDArray x = Samples.mixed(random, shape);
        INDArray dy = Samples.mixed(random, shape);
        x.putScalar(x.length() - 1 - random.nextInt(n), Float.NaN);
        x.putScalar(x.length() - 1 - n - random.nextInt(n), Float.POSITIVE_INFINITY);
        dy.putScalar(x.length() - 1 - 2 * n - random.nextInt(n), Float.NaN);

        checkLayerNorm(x, Samples.mixed(random, n), Samples.mixed(random, n), dy);
    }

    @Test
    void layerNorm_nanInGainOrBias_reachesItsColumn() {
        INDArray x = Samples.gaussian(new Random(5), 3, 4);
        INDArray gain = Nd4j.createFromArray(1f, Float.NaN, 1f, 1f);
        INDArray bias = Nd4j.createFromArray(1f, 1f, Float.NaN, 1f);

        checkLayerNorm(x, gain, bias, Samples.gaussian(new Random(6), 3, 4));
    }

    @Test
    void layerNorm_hasNoEpsilon_asStockHasNone() {
        INDArray x = Nd4j.createFromArray(new float[][] {{1e-30f, -1e-30f}, {1e-12f, -1e-12f}, {5f, 5f}});
        INDArray one = Nd4j.onesLike(x.getRow(0));
        INDArray zero = Nd4j.zerosLike(one);

        INDArray expected = Nd4j.createFromArray(new float[][] {{1, -1}, {1, -1}, {0, 0}});
        assertThat(Samples.run(new LayerNormOp(), x, one, zero)).containsExactly(expected);
        assertThat(StockGraph.layerNorm(x, one, zero, x).get(0).castTo(DataType.FLOAT))
                .isEqualTo(expected);
    }

    @Test
    void layerNorm_withoutBias_equalsZeroBias() {
        INDArray x = Samples.mixed(new Random(7), 5, 13);
        INDArray gain = Samples.mixed(new Random(8), 13);

        assertThat(Samples.run(new LayerNormOp(), x, gain))
                .isEqualTo(Samples.run(new LayerNormOp(), x, gain, Nd4j.zerosLike(gain)));
    }

    /** Cuts a vector into pieces of 1, 2, 3 .. elements and copies the n-th. */
    private static INDArray piece(INDArray vector, int n) {
        int from = n * (n - 1) / 2;
        return vector.get(NDArrayIndex.interval(from, from + n)).dup();
    }

    private static void checkLayerNorm(INDArray x, INDArray gain, INDArray bias, INDArray dy) {
        List<INDArray> stock = StockGraph.layerNorm(x, gain, bias, dy);
        check(Samples.run(new LayerNormOp(), x, gain, bias), stock.subList(0, 1));
        INDArray dx = Samples.run(new LayerNormGradOp(), x, gain, dy).get(0);
        assertThat(dx.shape()).isEqualTo(x.shape());
        int n = (int) x.size(-1);
        double[] gains = doubles(gain);
        double[] got = doubles(dx);
        double[] expected = doubles(stock.get(1));
        double[] inputs = doubles(x);
        double[] gradients = doubles(dy);
        for (int row = 0; row < got.length; row += n) {
            double scale = cancelling(
                    Arrays.copyOfRange(inputs, row, row + n), Arrays.copyOfRange(gradients, row, row + n), gains);
            for (int i = row; i < row + n; i++) {
                compare(got[i], expected[i], scale, "dx", i, x.shape());
            }
        }
        cases++;
    }

    /** The largest |dy * gain| / sigma of a row: dx is a difference of numbers of that size. */
    private static double cancelling(double[] x, double[] dy, double[] gain) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double square = 0;
        double largest = 0;
        for (int i = 0; i < x.length; i++) {
            square += (x[i] - mean) * (x[i] - mean);
            largest = Math.max(largest, Math.abs(dy[i] * gain[i]));
        }
        double scale = largest / Math.sqrt(square / x.length);
        return Double.isFinite(scale) ? scale : 0;
    }

    private static void check(List<INDArray> got, List<INDArray> stock) {
        assertThat(got).hasSameSizeAs(stock);
        for (int k = 0; k < got.size(); k++) {
            long[] shape = got.get(k).shape();
            assertThat(shape).isEqualTo(stock.get(k).shape());
            double[] actual = doubles(got.get(k));
            double[] expected = doubles(stock.get(k));
            for (int i = 0; i < actual.length; i++) {
                compare(actual[i], expected[i], 0, "output " + k, i, shape);
            }
        }
        cases++;
    }

    private static double[] doubles(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static void compare(double got, double stock, double scale, String what, int at, long[] shape) {
        double tolerance = TOLERANCE * Math.max(1, Math.abs(stock)) + STOCK_ROUNDING * scale;
        if (Double.compare(got, (float) stock) != 0 && !(Math.abs(got - stock) <= tolerance)) {
            fail("%s at %d of shape %s: got %s, stock %s", what, at, Arrays.toString(shape), got, stock);
        }
    }
}
