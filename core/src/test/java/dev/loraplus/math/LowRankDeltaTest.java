package dev.loraplus.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LowRankDeltaTest {
    private static final long SEED = 17;

    private static final double[][] A = {{1, 0}, {0, 1}, {1, 1}, {2, 0}, {0, -1}, {1, 2}};
    private static final double[][] B = {{1, 2, 0, -1}, {0, 1, 3, 1}};

    /** 2 A B, by hand. */
    private static final double[][] DELTA = {
        {2, 4, 0, -2}, {0, 2, 6, 2}, {2, 6, 6, 0}, {4, 8, 0, -4}, {0, -2, -6, -2}, {2, 8, 12, 2}
    };

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE"})
    void of_multipliesSmallIntegersExactly(DataType type) {
        INDArray delta = LowRankDelta.of(array(A, type), array(B, type), 2);

        assertThat(delta).isEqualTo(array(DELTA, type));
        assertThat(delta.dataType()).isEqualTo(type);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE", "HALF"})
    void addTo_addsSmallIntegersExactly(DataType type) {
        INDArray weight = Nd4j.ones(type, 6, 4);
        INDArray stored = Nd4j.ones(type, 4, 6);

        LowRankDelta.addTo(weight, array(A, DataType.FLOAT), array(B, DataType.FLOAT), 2, false);
        LowRankDelta.addTo(stored, array(A, DataType.FLOAT), array(B, DataType.FLOAT), 2, true);

        assertThat(weight).isEqualTo(array(DELTA, type).add(1));
        assertThat(stored).isEqualTo(array(DELTA, type).add(1).transpose());
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE"})
    void norm_isThatOfTheProduct(DataType type) {
        double squares = 0;
        for (double[] row : DELTA) {
            for (double value : row) {
                squares += value * value;
            }
        }

        assertThat(LowRankDelta.norm(array(A, type), array(B, type), -2)).isCloseTo(Math.sqrt(squares), within(1e-12));
        assertThat(LowRankDelta.norm(array(A, type), array(B, type).mul(0), 2)).isZero();
    }

    @Test
    void of_roundsOnceToTheTypeOfTheFactors() {
        Random random = new Random(SEED);
        double[][] a = random(random, 7, 3);
        double[][] b = random(random, 3, 5);
        double[][] expected = delta(a, b, 0.3);

        float[] delta = LowRankDelta.of(array(a, DataType.FLOAT), array(b, DataType.FLOAT), 0.3)
                .dup('c')
                .data()
                .asFloat();

        for (int i = 0; i < delta.length; i++) {
            assertThat(delta[i]).as("seed " + SEED).isEqualTo((float) expected[i / 5][i % 5]);
        }
    }

    @ParameterizedTest
    @ValueSource(chars = {'c', 'f'})
    void addTo_roundsOnceToTheTypeOfTheWeight(char order) {
        Random random = new Random(SEED);
        double[][] a = random(random, 7, 3);
        double[][] b = random(random, 3, 5);
        double[][] w = random(random, 7, 5);
        double[][] expected = delta(a, b, 0.3);
        INDArray weight = array(w, DataType.FLOAT).dup(order);
        INDArray stored = array(w, DataType.FLOAT).transpose().dup(order);

        LowRankDelta.addTo(weight, array(a, DataType.FLOAT), array(b, DataType.FLOAT), 0.3, false);
        LowRankDelta.addTo(stored, array(a, DataType.FLOAT), array(b, DataType.FLOAT), 0.3, true);

        assertThat(weight.ordering()).isEqualTo(order);
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 5; j++) {
                float rounded = (float) (w[i][j] + expected[i][j]);
                assertThat(weight.getFloat(i, j)).as("seed " + SEED).isEqualTo(rounded);
                assertThat(stored.getFloat(j, i)).as("seed " + SEED).isEqualTo(rounded);
            }
        }
    }

    @Test
    void addTo_inDouble_agreesWithTheNaiveSum() {
        Random random = new Random(SEED);
        double[][] a = random(random, 7, 3);
        double[][] b = random(random, 3, 5);
        double[][] w = random(random, 7, 5);
        INDArray weight = array(w, DataType.DOUBLE);

        LowRankDelta.addTo(weight, array(a, DataType.DOUBLE), array(b, DataType.DOUBLE), -1.7, false);

        double[][] expected = delta(a, b, -1.7);
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 5; j++) {
                assertThat(weight.getDouble(i, j))
                        .as("seed " + SEED)
                        .isCloseTo(w[i][j] + expected[i][j], within(1e-15));
            }
        }
    }

    @Test
    void addTo_flattensTheOtherDimensionsRowMajor() {
        INDArray leading = Nd4j.zeros(DataType.DOUBLE, 2, 3, 4); // nIn = 2 * 3
        INDArray kernels = Nd4j.zeros(DataType.DOUBLE, 4, 3, 1, 2); // nIn = 3 * 1 * 2
        INDArray columnMajor = Nd4j.create(DataType.DOUBLE, new long[] {2, 3, 4}, 'f');

        LowRankDelta.addTo(leading, array(A, DataType.DOUBLE), array(B, DataType.DOUBLE), 2, false);
        LowRankDelta.addTo(kernels, array(A, DataType.DOUBLE), array(B, DataType.DOUBLE), 2, true);
        LowRankDelta.addTo(columnMajor, array(A, DataType.DOUBLE), array(B, DataType.DOUBLE), 2, false);

        for (int in = 0; in < 6; in++) {
            for (int out = 0; out < 4; out++) {
                assertThat(leading.getDouble(in / 3, in % 3, out)).isEqualTo(DELTA[in][out]);
                assertThat(columnMajor.getDouble(in / 3, in % 3, out)).isEqualTo(DELTA[in][out]);
                assertThat(kernels.getDouble(out, in / 2, 0, in % 2)).isEqualTo(DELTA[in][out]);
            }
        }
    }

    @Test
    void addTo_refusesShapesThatDoNotFitAndChangesNothing() {
        INDArray weight = Nd4j.ones(DataType.FLOAT, 6, 4);
        INDArray a = array(A, DataType.FLOAT);
        INDArray b = array(B, DataType.FLOAT);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankDelta.addTo(weight, a, b, 1, true))
                .withMessageContaining("6 inputs and 4 outputs")
                .withMessageContaining("got [6, 4]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankDelta.addTo(Nd4j.ones(DataType.FLOAT, 24), a, b, 1, false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankDelta.addTo(Nd4j.ones(DataType.FLOAT, 5, 4), a, b, 1, false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankDelta.of(b, a, 1))
                .withMessageContaining("got A [2, 4] and B [6, 2]");
        assertThatIllegalArgumentException().isThrownBy(() -> LowRankDelta.of(a, b, Double.NaN));
        assertThat(weight).isEqualTo(Nd4j.ones(DataType.FLOAT, 6, 4));
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, 3e38})
    void addTo_refusesANonFiniteResultAndChangesNothing(double bad) {
        INDArray weight = Nd4j.ones(DataType.FLOAT, 6, 4);
        INDArray a = array(A, DataType.FLOAT);
        a.putScalar(3, 0, bad); // times 2 is more than a FLOAT holds

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LowRankDelta.addTo(weight, a, array(B, DataType.FLOAT), 2, false))
                .withMessageContaining("NaN or infinite values");
        assertThat(weight).isEqualTo(Nd4j.ones(DataType.FLOAT, 6, 4));
    }

    private static INDArray array(double[][] values, DataType type) {
        return Nd4j.createFromArray(values).castTo(type);
    }

    /** Values that FLOAT holds exactly. */
    private static double[][] random(Random random, int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            for (int j = 0; j < columns; j++) {
                row[j] = (float) random.nextGaussian();
            }
        }
        return values;
    }

    private static double[][] delta(double[][] a, double[][] b, double scaling) {
        double[][] delta = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b[0].length; j++) {
                for (int k = 0; k < b.length; k++) {
                    delta[i][j] += a[i][k] * b[k][j];
                }
                delta[i][j] *= scaling;
            }
        }
        return delta;
    }
}
