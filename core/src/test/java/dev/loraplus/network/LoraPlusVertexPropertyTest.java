package dev.loraplus.network;

import static dev.loraplus.network.VertexGraphs.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Random sizes against loops over {@code double[][]}; the seed is in the name of each case. */
class LoraPlusVertexPropertyTest {
    private static final double RATE = 0.05;
    private static final double LAMBDA = 4;
    private static final double DENSE_RATE = 0.02;

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void forward_isTheNaiveSumAndSoIsTheMergedGraphs(long seed) {
        Case now = new Case(seed);

        double[][] expected = now.forward();

        assertThat(bits(now.graph.outputSingle(now.features()))).containsExactly(flat(expected), within(1e-12));
        assertThat(bits(LoraPlusVertex.merge(now.graph).outputSingle(now.features())))
                .containsExactly(flat(expected), within(1e-12));
    }

    /** Each step of time of a series is one case of rows. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {21, 22, 23, 24, 25, 26, 27, 28})
    void forwardOfSeries_isTheNaiveSumAtEveryStep(long seed) {
        Case now = new Case(seed);
        int steps = 1 + new Random(seed).nextInt(4);
        ComputationGraph graph = VertexGraphs.init(VertexGraphs.common(new Sgd(RATE))
                .graphBuilder()
                .addInputs("x", "z")
                .addVertex("lora", now.vertex(), "x", "z")
                .setOutputs("lora"));
        graph.params().assign(now.graph.getVertex("lora").params());
        double[][][] x = new double[now.b][now.nIn][steps];
        double[][][] z = new double[now.b][now.nOut][steps];
        double[][][] expected = new double[now.b][now.nOut][steps];
        for (int t = 0; t < steps; t++) {
            double[][] rows = now.random(now.b, now.nIn);
            double[][] others = now.random(now.b, now.nOut);
            double[][] sum = plus(others, times(times(rows, now.a), now.bFactor), now.scaling);
            for (int i = 0; i < now.b; i++) {
                put(x[i], rows[i], t);
                put(z[i], others[i], t);
                put(expected[i], sum[i], t);
            }
        }

        INDArray out = graph.output(Nd4j.createFromArray(x).dup('f'), Nd4j.createFromArray(z))[0];

        assertThat(bits(out)).containsExactly(bits(Nd4j.createFromArray(expected)), within(1e-12));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {31, 32, 33, 34, 35, 36, 37, 38})
    void someStepsOfSgd_areTheNaiveOnes(long seed) {
        Case now = new Case(seed);
        for (int step = 0; step < 4; step++) {
            now.graph.fit(new DataSet(now.features(), Nd4j.createFromArray(now.labels)));
            now.step();

            assertThat(bits(now.table("z_W"))).as("W").containsExactly(flat(now.w), within(1e-10));
            assertThat(bits(now.table("lora_loraA"))).as("A").containsExactly(flat(now.a), within(1e-10));
            assertThat(bits(now.table("lora_loraB"))).as("B").containsExactly(flat(now.bFactor), within(1e-10));
        }
    }

    /** A graph z = x W, lora(x, z), mean squared error, and the same in plain arrays. */
    private static final class Case {
        final Random random;
        final int b;
        final int nIn;
        final int nOut;
        final int rank;
        final double scaling;
        final double alpha;
        final double[][] x;
        final double[][] labels;
        final ComputationGraph graph;
        double[][] w;
        double[][] a;
        double[][] bFactor;

        Case(long seed) {
            random = new Random(seed);
            b = 1 + random.nextInt(6);
            nIn = 1 + random.nextInt(7);
            nOut = 1 + random.nextInt(7);
            rank = 1 + random.nextInt(4);
            alpha = 0.5 + 3 * random.nextDouble();
            scaling = alpha / rank;
            x = random(b, nIn);
            labels = random(b, nOut);
            w = random(nIn, nOut);
            a = random(nIn, rank);
            bFactor = random(rank, nOut);
            graph = graph();
            table("z_W").assign(Nd4j.createFromArray(w));
            table("lora_loraA").assign(Nd4j.createFromArray(a));
            table("lora_loraB").assign(Nd4j.createFromArray(bFactor));
        }

        LoraPlusVertex vertex() {
            return new LoraPlusVertex.Builder()
                    .nIn(nIn)
                    .nOut(nOut)
                    .rank(rank)
                    .alpha(alpha)
                    .lambda(LAMBDA)
                    .updater(new Sgd(RATE))
                    .build();
        }

        private ComputationGraph graph() {
            return VertexGraphs.init(new NeuralNetConfiguration.Builder()
                    .dataType(DataType.DOUBLE)
                    .updater(new Sgd(DENSE_RATE))
                    .graphBuilder()
                    .addInputs("x")
                    .addLayer(
                            "z",
                            new DenseLayer.Builder()
                                    .nIn(nIn)
                                    .nOut(nOut)
                                    .hasBias(false)
                                    .activation(Activation.IDENTITY)
                                    .build(),
                            "x")
                    .addVertex("lora", vertex(), "x", "z")
                    .addLayer(
                            "out",
                            new LossLayer.Builder(LossFunction.MSE)
                                    .activation(Activation.IDENTITY)
                                    .build(),
                            "lora")
                    .setOutputs("out"));
        }

        double[][] random(int rows, int columns) {
            double[][] values = new double[rows][columns];
            for (double[] row : values) {
                for (int j = 0; j < columns; j++) {
                    row[j] = 2 * random.nextDouble() - 1;
                }
            }
            return values;
        }

        INDArray features() {
            return Nd4j.createFromArray(x);
        }

        INDArray table(String name) {
            return graph.paramTable().get(name);
        }

        double[][] forward() {
            return plus(times(x, w), times(times(x, a), bFactor), scaling);
        }

        /** Takes one step on the mean over the batch of the mean squared error over the outputs. */
        void step() {
            double[][] e = plus(forward(), labels, -1);
            for (double[] row : e) {
                for (int j = 0; j < nOut; j++) {
                    row[j] *= 2.0 / nOut / b;
                }
            }
            double[][] ofW = times(turned(x), e);
            double[][] ofA = times(turned(x), times(e, turned(bFactor)));
            double[][] ofB = times(turned(times(x, a)), e);
            w = plus(w, ofW, -DENSE_RATE);
            a = plus(a, ofA, -RATE * scaling);
            bFactor = plus(bFactor, ofB, -RATE * LAMBDA * scaling);
        }
    }

    private static double[][] times(double[][] left, double[][] right) {
        double[][] product = new double[left.length][right[0].length];
        for (int i = 0; i < left.length; i++) {
            for (int j = 0; j < right[0].length; j++) {
                for (int k = 0; k < right.length; k++) {
                    product[i][j] += left[i][k] * right[k][j];
                }
            }
        }
        return product;
    }

    /** Returns left + factor right. */
    private static double[][] plus(double[][] left, double[][] right, double factor) {
        double[][] sum = new double[left.length][left[0].length];
        for (int i = 0; i < left.length; i++) {
            for (int j = 0; j < left[0].length; j++) {
                sum[i][j] = left[i][j] + factor * right[i][j];
            }
        }
        return sum;
    }

    private static double[][] turned(double[][] matrix) {
        double[][] turned = new double[matrix[0].length][matrix.length];
        for (int i = 0; i < matrix.length; i++) {
            for (int j = 0; j < matrix[0].length; j++) {
                turned[j][i] = matrix[i][j];
            }
        }
        return turned;
    }

    private static void put(double[][] series, double[] values, int step) {
        for (int j = 0; j < values.length; j++) {
            series[j][step] = values[j];
        }
    }

    private static double[] flat(double[][] matrix) {
        return bits(Nd4j.createFromArray(matrix));
    }
}
