package dev.loraplus.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.Initialization;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Start values beyond the two plain ones, and DoRA's merge, against plain loops. */
class StartValuesTest {
    @Test
    void gaussian_isNormalWithDeviationOneOverTheRank() {
        Factors factors = AdapterInit.factors(Initialization.GAUSSIAN, "w", 500, 8, 3, DataType.DOUBLE, 4);
        assertNormal(factors.a(), 1.0 / 8);
        assertThat(factors.b().amaxNumber().doubleValue()).isZero();
        Factors again = AdapterInit.factors(Initialization.GAUSSIAN, "w", 500, 8, 3, DataType.DOUBLE, 4);
        assertThat(again.a().equalsWithEps(factors.a(), 0)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"A_RANDOM_B_ZERO, false", "GAUSSIAN, false", "B_RANDOM_A_ZERO, true"})
    void embedding_drawsOneFactorFromTheStandardNormal(Initialization initialization, boolean drawsA) {
        Factors factors = AdapterInit.embedding(initialization, "t", 400, 6, 500, DataType.DOUBLE, 4);
        assertNormal(drawsA ? factors.a() : factors.b(), 1);
        assertThat((drawsA ? factors.b() : factors.a()).amaxNumber().doubleValue())
                .isZero();
    }

    /** Kolmogorov-Smirnov at the 1 % level against the normal distribution. */
    private static void assertNormal(INDArray drawn, double deviation) {
        double[] values = drawn.dup('c').data().asDouble();
        Arrays.sort(values);
        var normal = new org.apache.commons.math3.distribution.NormalDistribution(0, deviation);
        double distance = 0;
        for (int i = 0; i < values.length; i++) {
            double expected = normal.cumulativeProbability(values[i]);
            distance = Math.max(distance, Math.abs((i + 0.5) / values.length - expected));
        }
        assertThat(distance).isLessThan(1.63 / Math.sqrt(values.length));
    }

    /** As PEFT's orthogonal_init: neither factor is zero, their product is, and A spans half of the rank. */
    @Test
    void orthogonal_startsAtAProductOfZero() {
        Factors factors = AdapterInit.factors(Initialization.ORTHOGONAL, "w", 300, 6, 200, DataType.DOUBLE, 5);
        double scale = factors.a().norm2Number().doubleValue()
                * factors.b().norm2Number().doubleValue();
        assertThat(factors.a().mmul(factors.b()).norm2Number().doubleValue() / scale)
                .isLessThan(1e-14);
        // X / 10 times orthonormal rows: the mean square is 1/100 times r/2 of r directions
        assertThat(factors.a().norm2Number().doubleValue()).isCloseTo(Math.sqrt(300 * 3) / 10, within(0.3));
        assertThat(factors.b().norm2Number().doubleValue()).isCloseTo(Math.sqrt(200 * 3) / 10, within(0.3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterInit.factors(Initialization.ORTHOGONAL, "w", 5, 3, 4, DataType.FLOAT, 0))
                .withMessageContaining("must be even")
                .withMessageContaining("got 3");
    }

    /** A·B·s is the best approximation of its rank: what it leaves has no part in its directions. */
    @ParameterizedTest
    @CsvSource({"7, 4, 2, 1.5", "4, 7, 3, 0.25", "5, 5, 5, 2"})
    void pissa_takesTheLargestSingularValues(int nIn, int nOut, int rank, double scaling) {
        double[][] weight = random(nIn, nOut, 17);
        Factors factors = ResidualInit.factors(Initialization.PISSA, Nd4j.createFromArray(weight), rank, scaling);
        double[][] principal = times(matrix(factors.a()), matrix(factors.b()), scaling);
        double[][] rest = minus(weight, principal);
        double left = square(times(transposed(principal), rest, 1)) + square(times(principal, transposed(rest), 1));
        assertThat(Math.sqrt(left)).isLessThan(1e-12);
        assertThat(largestValue(rest)).isLessThanOrEqualTo(smallestValueOf(factors, scaling) + 1e-9);
        double[][] grams = minus(
                times(transposed(matrix(factors.a())), matrix(factors.a()), 1),
                times(matrix(factors.b()), transposed(matrix(factors.b())), 1));
        assertThat(Math.sqrt(square(grams))).as("A and B share the roots").isLessThan(1e-12);
    }

    /** The transpose of the weight is Q·R: Q's columns are orthonormal and R has nothing below its diagonal. */
    @Test
    void olora_takesTheFirstColumnsOfQ() {
        double[][] weight = random(6, 4, 19);
        Factors factors = ResidualInit.factors(Initialization.OLORA, Nd4j.createFromArray(weight), 4, 3);
        double[][] q = transposed(matrix(factors.b()));
        double[][] r = transposed(matrix(factors.a()));
        assertThat(Math.sqrt(square(minus(times(transposed(q), q, 1), identity(4)))))
                .isLessThan(1e-13);
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < i; j++) {
                assertThat(r[i][j]).isCloseTo(0, within(1e-13));
            }
        }
        assertThat(Math.sqrt(square(minus(transposed(times(q, r, 1)), weight)))).isLessThan(1e-13);
        Factors first = ResidualInit.factors(Initialization.OLORA, Nd4j.createFromArray(weight), 2, 3);
        assertThat(first.b()).isEqualTo(factors.b().getRows(0, 1));
    }

    @Test
    void changedBases_refuseRanksAndInitializationsThatTheyCannotTake() {
        INDArray weight = Nd4j.createFromArray(random(6, 4, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ResidualInit.factors(Initialization.PISSA, weight, 5, 1))
                .withMessageContaining("from 1 to min(nIn, nOut) = 4")
                .withMessageContaining("got 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ResidualInit.factors(Initialization.GAUSSIAN, weight, 2, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterInit.factors(Initialization.OLORA, "w", 6, 2, 4, DataType.FLOAT, 0))
                .withMessageContaining("needs the weight");
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE"})
    void magnitudes_mergeAsPlainLoopsDo(DataType type) {
        for (boolean transposed : new boolean[] {false, true}) {
            double[][] weight = random(5, 3, 23);
            double[][] a = random(5, 2, 24);
            double[][] b = random(2, 3, 25);
            double[] magnitude = {2, -0.5, 1};
            double[][] expected = minus(weight, times(a, b, -1.5));
            for (int out = 0; out < 3; out++) {
                double length = 0;
                for (double[] row : expected) {
                    length += row[out] * row[out];
                }
                for (double[] row : expected) {
                    row[out] *= magnitude[out] / Math.sqrt(length);
                }
            }
            INDArray stored = Nd4j.createFromArray(transposed ? transposed(weight) : weight)
                    .castTo(type);
            Magnitudes.merge(
                    stored,
                    Nd4j.createFromArray(a).castTo(type),
                    Nd4j.createFromArray(b).castTo(type),
                    1.5,
                    Nd4j.createFromArray(magnitude).castTo(type),
                    transposed);
            double[][] got = matrix(transposed ? stored.transpose() : stored);
            assertThat(Math.sqrt(square(minus(got, expected)))).isLessThan(type == DataType.DOUBLE ? 1e-14 : 1e-6);
        }
    }

    @Test
    void magnitudes_refuseAZeroLengthAndChangeNothing() {
        INDArray weight = Nd4j.zeros(DataType.DOUBLE, 4, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Magnitudes.merge(
                        weight,
                        Nd4j.zeros(DataType.DOUBLE, 4, 1),
                        Nd4j.zeros(DataType.DOUBLE, 1, 2),
                        1,
                        Nd4j.ones(DataType.DOUBLE, 2),
                        false))
                .withMessageContaining("NaN or infinite");
        assertThat(weight.amaxNumber().doubleValue()).isZero();
    }

    private static double smallestValueOf(Factors factors, double scaling) {
        double smallest = Double.MAX_VALUE;
        double[][] b = matrix(factors.b());
        for (double[] row : b) {
            smallest = Math.min(smallest, scaling * square(new double[][] {row}));
        }
        return smallest;
    }

    /** The largest singular value, by power iteration. */
    private static double largestValue(double[][] matrix) {
        double[][] vector = random(matrix[0].length, 1, 3);
        double value = 0;
        for (int i = 0; i < 500; i++) {
            double[][] image = times(matrix, vector, 1);
            value = Math.sqrt(square(image)) / Math.sqrt(square(vector));
            if (value < 1e-12) {
                return value;
            }
            double[][] back = times(transposed(matrix), image, 1);
            vector = times(back, identity(1), 1 / Math.sqrt(square(back)));
        }
        return value;
    }

    private static double[][] random(int rows, int columns, long seed) {
        Random random = new Random(seed);
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> random.nextDouble() * 2 - 1);
        }
        return values;
    }

    private static double[][] identity(int size) {
        double[][] values = new double[size][size];
        for (int i = 0; i < size; i++) {
            values[i][i] = 1;
        }
        return values;
    }

    private static double[][] matrix(INDArray array) {
        return array.castTo(DataType.DOUBLE).toDoubleMatrix();
    }

    private static double[][] times(double[][] left, double[][] right, double scaling) {
        double[][] product = new double[left.length][right[0].length];
        for (int i = 0; i < left.length; i++) {
            for (int j = 0; j < right[0].length; j++) {
                for (int k = 0; k < right.length; k++) {
                    product[i][j] += scaling * left[i][k] * right[k][j];
                }
            }
        }
        return product;
    }

    private static double[][] transposed(double[][] matrix) {
        double[][] result = new double[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[0].length; j++) {
                result[j][i] = matrix[i][j];
            }
        }
        return result;
    }

    private static double[][] minus(double[][] left, double[][] right) {
        double[][] difference = new double[left.length][left[0].length];
        for (int i = 0; i < left.length; i++) {
            for (int j = 0; j < left[0].length; j++) {
                difference[i][j] = left[i][j] - right[i][j];
            }
        }
        return difference;
    }

    private static double square(double[][] matrix) {
        return Arrays.stream(matrix)
                .flatMapToDouble(Arrays::stream)
                .map(value -> value * value)
                .sum();
    }
}
