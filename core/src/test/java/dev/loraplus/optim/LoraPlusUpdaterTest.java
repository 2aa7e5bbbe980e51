package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.AdaGrad;
import org.nd4j.linalg.learning.config.AdaMax;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nadam;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Steps of real networks whose second layer has the updater under test and whose first has its base. */
class LoraPlusUpdaterTest {
    private static final double LAMBDA = 16;
    private static final double ETA = 0.01;
    private static final int BATCH = 5;

    @Test
    void oneStep_movesTheLayerAtLambdaTimesTheRate() {
        assertSgdStep(network(new Sgd(ETA)), ETA);
    }

    @Test
    void aSchedule_keepsTheRatioAtEveryIteration() {
        ISchedule schedule = new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, 0.01)
                .add(1, 0.002)
                .build();
        MultiLayerNetwork network = network(new Sgd(schedule));

        assertSgdStep(network, 0.01);
        assertSgdStep(network, 0.002);
    }

    @Test
    void aClonedNetwork_stepsTheSame() {
        assertSgdStep(network(new Sgd(ETA)).clone(), ETA);
    }

    @Test
    void aNetworkReadFromJson_stepsTheSame() {
        ISchedule schedule = new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, 0.01)
                .add(1, 0.002)
                .build();
        MultiLayerConfiguration written = network(new Sgd(schedule)).getLayerWiseConfigurations();

        MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(written.toJson());

        assertThat(read).isEqualTo(written);
        MultiLayerNetwork network = initialised(read);
        assertSgdStep(network, 0.01);
        assertSgdStep(network, 0.002);
    }

    @Test
    void setLearningRate_setsEtaAndKeepsTheRatio() {
        MultiLayerNetwork network = network(new Sgd(ETA));

        network.setLearningRate(0.003);

        assertSgdStep(network, 0.003);
        network.setLearningRate(new ExponentialSchedule(ScheduleType.ITERATION, 0.004, 0.5));
        assertSgdStep(network, 0.002); // iteration 1
    }

    @Test
    void oneParameter_canHaveItsOwn() {
        MultiLayerNetwork network = initialised(new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .updater(new Sgd(ETA))
                        .biasUpdater(new LoraPlusUpdater(new Sgd(ETA), LAMBDA))
                        .activation(Activation.IDENTITY)
                        .nOut(2)
                        .build())
                .setInputType(InputType.feedForward(3))
                .build());

        assertStep(network, ETA, ETA * LAMBDA, "0_W", "0_b");
    }

    /** All but AdaBelief, which M2.1's networks can't instantiate. */
    static IUpdater[] updatersWithState() {
        return new IUpdater[] {
            new Adam(ETA),
            new Nesterovs(ETA, 0.9),
            new RmsProp(ETA),
            new AdaGrad(ETA),
            new AdaMax(ETA),
            new Nadam(ETA),
            new AMSGrad(ETA)
        };
    }

    /** Reference: the stock updater with the larger rate written out. */
    @ParameterizedTest
    @MethodSource("updatersWithState")
    void everyUpdaterWithARate_movesAsItselfAtLambdaTimesTheRate(IUpdater base) {
        IUpdater larger = base.clone();
        larger.setLrAndSchedule(ETA * LAMBDA, null);
        MultiLayerNetwork expected = initialised(configuration(base, larger));
        MultiLayerNetwork actual = network(base);
        for (int step = 0; step < 3; step++) {
            expected.fit(data());
            actual.fit(data());
        }
        assertThat(actual.params().data().asDouble())
                .containsExactly(expected.params().data().asDouble());
        assertThat(base.getLearningRate(0, 0)).as("the base is only copied").isEqualTo(ETA);
    }

    /** M2.1's networks can't create this one, whoever asks; training loops of one's own can. */
    @Test
    void adaBelief_movesAsItselfAtLambdaTimesTheRate() {
        AdaBelief larger = new AdaBelief(ETA * LAMBDA, 0.9, 0.999, 1e-14);
        AdaBelief base = new AdaBelief(ETA, 0.9, 0.999, 1e-14);
        GradientUpdater<?> expected = larger.instantiate(beliefState(), true);
        GradientUpdater<?> actual = new LoraPlusUpdater(base, LAMBDA).instantiate(beliefState(), true);
        for (int step = 0; step < 3; step++) {
            INDArray stock = Nd4j.createFromArray(0.5, -1.0, 2.0 + step);
            INDArray ours = stock.dup();
            expected.applyUpdater(stock, step, 0);
            actual.applyUpdater(ours, step, 0);
            assertThat(ours.data().asDouble()).containsExactly(stock.data().asDouble());
        }
    }

    @Test
    void aClone_isEqualAndHasARateOfItsOwn() {
        LoraPlusUpdater updater = new LoraPlusUpdater(new Adam(ETA), LAMBDA);

        LoraPlusUpdater clone = updater.clone();

        assertThat(clone).isEqualTo(updater).hasSameHashCodeAs(updater);
        clone.setLrAndSchedule(0.5, null);
        assertThat(clone).isNotEqualTo(updater);
        assertThat(clone.getLearningRate(0, 0)).isEqualTo(0.5 * LAMBDA);
        assertThat(updater.getLearningRate(0, 0)).isEqualTo(ETA * LAMBDA);
        assertThat(updater).isNotEqualTo(new LoraPlusUpdater(new Adam(ETA), 2)).isNotEqualTo(new Adam(ETA * LAMBDA));
    }

    @Test
    void updatersWithoutARate_areRefusedUnlessLambdaIsOne() {
        for (IUpdater base : new IUpdater[] {new NoOp(), new AdaDelta()}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new LoraPlusUpdater(base, LAMBDA))
                    .withMessageContaining(
                            base.getClass().getSimpleName() + " has no learning rate that lambda = 16.0");
            assertThat(new LoraPlusUpdater(base, 1).hasLearningRate()).isFalse();
        }
        MultiLayerNetwork network = initialised(configuration(new Sgd(ETA), new LoraPlusUpdater(new AdaDelta(), 1)));
        INDArray before = network.getParam("1_W").dup();
        network.fit(data());
        assertThat(network.getParam("1_W")).isNotEqualTo(before);
    }

    @Test
    void aRatioThatIsNotFiniteAndAboveZero_isRefused() {
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new LoraPlusUpdater(new Adam(ETA), bad))
                    .withMessageContaining("lambda must be finite and above 0, got " + bad);
        }
    }

    private static void assertSgdStep(MultiLayerNetwork network, double rate) {
        assertStep(network, rate, rate * LAMBDA, "0_W", "1_W");
    }

    /** Fits once and compares two parameters with p - rate * gradient, the gradient taken before the step. */
    private static void assertStep(
            MultiLayerNetwork network, double slow, double fast, String slowName, String fastName) {
        double[] slowExpected = afterSgd(network, slowName, slow);
        double[] fastExpected = afterSgd(network, fastName, fast);
        network.fit(data());
        assertThat(network.getParam(slowName).dup('c').data().asDouble()).containsExactly(slowExpected, within(1e-14));
        assertThat(network.getParam(fastName).dup('c').data().asDouble()).containsExactly(fastExpected, within(1e-14));
    }

    /** Computes p - rate * gradient; DL4J's gradient is the sum over the batch until the updater divides it. */
    private static double[] afterSgd(MultiLayerNetwork network, String name, double rate) {
        MultiLayerNetwork copy = network.clone();
        copy.setInput(data().getFeatures());
        copy.setLabels(data().getLabels());
        copy.computeGradientAndScore();
        INDArray gradient = ((Model) copy).gradient().getGradientFor(name);
        return network.getParam(name)
                .sub(gradient.mul(rate / BATCH))
                .dup('c')
                .data()
                .asDouble();
    }

    private static DataSet data() {
        return new DataSet(
                Nd4j.createFromArray(
                        new double[][] {{0.5, -1, 2}, {1, 0.25, -0.5}, {-2, 1, 0.75}, {0.1, 0.2, 0.3}, {-1, -1, 1}}),
                Nd4j.createFromArray(new double[][] {{1, -1}, {0, 2}, {-1, 0.5}, {2, 0}, {0.5, 0.5}}));
    }

    private static Map<String, INDArray> beliefState() {
        return Map.of("M", Nd4j.create(DataType.DOUBLE, 3), "S", Nd4j.create(DataType.DOUBLE, 3));
    }

    private static MultiLayerNetwork network(IUpdater base) {
        return initialised(configuration(base, new LoraPlusUpdater(base, LAMBDA)));
    }

    private static MultiLayerConfiguration configuration(IUpdater first, IUpdater second) {
        return new NeuralNetConfiguration.Builder()
                .seed(7)
                .dataType(DataType.DOUBLE)
                .list()
                .layer(new DenseLayer.Builder()
                        .updater(first)
                        .activation(Activation.TANH)
                        .nOut(4)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .updater(second)
                        .activation(Activation.IDENTITY)
                        .nOut(2)
                        .build())
                .setInputType(InputType.feedForward(3))
                .build();
    }

    private static MultiLayerNetwork initialised(MultiLayerConfiguration configuration) {
        MultiLayerNetwork network = new MultiLayerNetwork(configuration);
        network.init();
        return network;
    }
}
