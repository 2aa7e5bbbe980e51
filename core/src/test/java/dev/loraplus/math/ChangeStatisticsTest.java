package dev.loraplus.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Compares with Apache Commons Math on the whole product. */
class ChangeStatisticsTest {
    private static final double SCALING = 1.5;

    private final Random random = new Random(11);

    @ParameterizedTest
    @CsvSource({"5, 3, 7", "7, 2, 5", "4, 6, 9", "9, 6, 4", "3, 8, 2", "6, 1, 4", "40, 8, 31"})
    void of_agreesWithTheWholeProduct(int nIn, int rank, int nOut) {
        double[][] a = values(nIn, rank);
        double[][] b = values(rank, nOut);
        double[][] weight = values(nIn, nOut);

        ChangeStatistics statistics = ChangeStatistics.of(array(a), array(b), SCALING, array(weight));

        RealMatrix change = matrix(a).multiply(matrix(b)).scalarMultiply(SCALING);
        double[] singular = new SingularValueDecomposition(change).getSingularValues();
        double sum = Arrays.stream(singular).sum();
        double entropy = Arrays.stream(singular)
                .map(value -> value / sum)
                .filter(share -> share > 1e-14)
                .map(share -> -share * Math.log(share))
                .sum();
        assertThat(statistics.normA()).isCloseTo(matrix(a).getFrobeniusNorm(), within(1e-12));
        assertThat(statistics.normB()).isCloseTo(matrix(b).getFrobeniusNorm(), within(1e-12));
        assertThat(statistics.norm()).isCloseTo(change.getFrobeniusNorm(), within(1e-12));
        assertThat(statistics.relativeNorm())
                .isCloseTo(change.getFrobeniusNorm() / matrix(weight).getFrobeniusNorm(), within(1e-12));
        assertThat(statistics.effectiveRank()).isCloseTo(Math.exp(entropy), within(1e-9));
    }

    @ParameterizedTest
    @CsvSource({"5, 3, 7", "9, 6, 4"})
    void of_withMagnitudes_agreesWithLoops(int nIn, int rank, int nOut) {
        double[][] a = values(nIn, rank);
        double[][] b = values(rank, nOut);
        double[][] weight = values(nIn, nOut);
        double[] magnitude = values(1, nOut)[0];

        ChangeStatistics statistics = ChangeStatistics.of(
                array(a), array(b), SCALING, Nd4j.createFromArray(magnitude), array(weight), array(weight));

        double[][] sum = matrix(weight)
                .add(matrix(a).multiply(matrix(b)).scalarMultiply(SCALING))
                .getData();
        double squares = 0;
        for (int column = 0; column < nOut; column++) {
            double length = 0;
            for (double[] row : sum) {
                length += row[column] * row[column];
            }
            for (int i = 0; i < nIn; i++) {
                double change = magnitude[column] * sum[i][column] / Math.sqrt(length) - weight[i][column];
                squares += change * change;
            }
        }
        assertThat(statistics.norm()).isCloseTo(Math.sqrt(squares), within(1e-12));
        assertThat(statistics.relativeNorm())
                .isCloseTo(Math.sqrt(squares) / matrix(weight).getFrobeniusNorm(), within(1e-12));
        assertThat(statistics.effectiveRank())
                .isEqualTo(ChangeStatistics.of(array(a), array(b), SCALING, array(weight))
                        .effectiveRank());
    }

    @Test
    void of_fromAWeightThatFactorsStartFrom_isZeroAtTheStart() {
        double[][] a = values(5, 2);
        double[][] b = values(2, 7);
        double[][] weight = values(5, 7);
        RealMatrix product = matrix(a).multiply(matrix(b)).scalarMultiply(SCALING);
        INDArray rest = array(matrix(weight).subtract(product).getData());

        assertThat(ChangeStatistics.of(array(a), array(b), SCALING, null, rest, array(weight))
                        .norm())
                .isLessThan(1e-14);
        assertThat(ChangeStatistics.of(array(a), array(values(2, 7)), SCALING, null, rest, array(weight))
                        .norm())
                .isGreaterThan(0.1);
    }

    @ParameterizedTest
    @CsvSource({"5, 3, 7", "4, 6, 9", "9, 6, 4", "3, 8, 2"})
    void lowRankSvd_givesTheProductAgain_withOrthonormalSides(int nIn, int rank, int nOut) {
        double[][] a = values(nIn, rank);
        double[][] b = values(rank, nOut);

        LowRankSvd svd = LowRankSvd.of(array(a), array(b));

        RealMatrix u = matrix(svd.u()).transpose();
        RealMatrix v = matrix(svd.v()).transpose();
        RealMatrix product =
                u.multiply(MatrixUtils.createRealDiagonalMatrix(svd.values())).multiply(v.transpose());
        assertThat(product.subtract(matrix(a).multiply(matrix(b))).getFrobeniusNorm())
                .isLessThan(1e-12);
        int count = svd.values().length;
        assertThat(count).isEqualTo(Math.min(rank, Math.min(nIn, nOut)));
        RealMatrix identity = MatrixUtils.createRealIdentityMatrix(count);
        assertThat(u.transpose().multiply(u).subtract(identity).getFrobeniusNorm())
                .isLessThan(1e-13);
        assertThat(v.transpose().multiply(v).subtract(identity).getFrobeniusNorm())
                .isLessThan(1e-13);
    }

    @Test
    void of_countsDirectionsThatAreEquallyLarge() {
        INDArray a = Nd4j.eye(5).castTo(DataType.FLOAT).get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3));
        INDArray b = Nd4j.eye(3).mul(2).castTo(DataType.FLOAT);

        ChangeStatistics statistics = ChangeStatistics.of(a, b, 0.5, Nd4j.ones(5, 3));

        assertThat(statistics.effectiveRank()).isCloseTo(3, within(1e-12));
        assertThat(statistics.norm()).isCloseTo(Math.sqrt(3), within(1e-12));
    }

    @Test
    void of_isZeroWithoutAChange() {
        ChangeStatistics statistics =
                ChangeStatistics.of(array(values(5, 2)), Nd4j.zeros(DataType.DOUBLE, 2, 3), 4, Nd4j.zeros(5, 3));

        assertThat(statistics.norm()).isZero();
        assertThat(statistics.relativeNorm()).isZero();
        assertThat(statistics.effectiveRank()).isZero();
        assertThat(statistics.normA()).isPositive();
    }

    @Test
    void of_refusesFactorsThatDoNotFit() {
        assertThatThrownBy(() -> ChangeStatistics.of(Nd4j.ones(5, 2), Nd4j.ones(3, 4), 1, Nd4j.ones(5, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("[5, 2]", "[3, 4]");
    }

    private double[][] values(int rows, int columns) {
        double[][] values = new double[rows][columns];
        for (double[] row : values) {
            Arrays.setAll(row, i -> 2 * random.nextDouble() - 1);
        }
        return values;
    }

    private static INDArray array(double[][] values) {
        return Nd4j.createFromArray(values);
    }

    private static RealMatrix matrix(double[][] values) {
        return new Array2DRowRealMatrix(values);
    }
}
