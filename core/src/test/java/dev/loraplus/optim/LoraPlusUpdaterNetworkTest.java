package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.CycleSchedule;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.InverseSchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.RampSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.SigmoidSchedule;
import org.nd4j.linalg.schedule.StepSchedule;

/**
 * Plain networks whose layer 1 has the updater under test and layer 0 its base. What is compared are the rates that the
 * running updaters ask for, and, in one test, what a step of SGD does.
 */
class LoraPlusUpdaterNetworkTest {
    private static final double LAMBDA = 16;
    private static final int STEPS = 5;

    /** Every schedule of ND4J, counting iterations and counting epochs; a ramp has none of its own. */
    static List<ISchedule> schedules() {
        List<ISchedule> all = new ArrayList<>(List.of(new FixedSchedule(0.01), ramp()));
        for (ScheduleType type : ScheduleType.values()) {
            all.addAll(counting(type));
        }
        return all;
    }

    /** All but the ramp, which ND4J writes to JSON and can't read again. */
    static List<ISchedule> schedulesWithJson() {
        return schedules().stream().filter(s -> !(s instanceof RampSchedule)).toList();
    }

    private static List<ISchedule> counting(ScheduleType type) {
        return List.of(
                new StepSchedule(type, 0.1, 0.5, 2),
                new ExponentialSchedule(type, 0.1, 0.7),
                new InverseSchedule(type, 0.1, 0.5, 1.5),
                new PolySchedule(type, 0.1, 0.9, 4),
                new SigmoidSchedule(type, 0.1, -0.5, 2),
                new MapSchedule.Builder(type).add(0, 0.1).add(2, 0.03).build(),
                new CycleSchedule(type, 0.01, 0.1, 4, 2, 0.5));
    }

    private static RampSchedule ramp() {
        return new RampSchedule(new StepSchedule(ScheduleType.EPOCH, 0.1, 0.5, 1), 3);
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void everySchedule_keepsTheRatioAtEveryIterationAndEpoch(ISchedule schedule) {
        assertRates(layers(new Adam(schedule)), schedule);
        assertRates(graph(new Adam(schedule)), schedule);
        assertRates(layers(new Adam(schedule)).clone(), schedule);
    }

    /** Reference: p - rate gradient, with the schedule asked by the test. */
    @ParameterizedTest
    @MethodSource("schedules")
    void everySchedule_movesTheLayersAtTheRatio(ISchedule schedule) {
        MultiLayerNetwork network = layers(new Sgd(schedule));
        for (int epoch = 0; epoch < 3; epoch++) {
            for (int i = 0; i < 2; i++) {
                double rate = schedule.valueAt(2 * epoch + i, epoch);
                double[] slow = afterSgd(network, "0_W", rate);
                double[] fast = afterSgd(network, "1_W", LAMBDA * rate);
                network.fit(data());
                assertThat(values(network.getParam("0_W"))).containsExactly(slow, within(1e-13));
                assertThat(values(network.getParam("1_W"))).containsExactly(fast, within(1e-13));
            }
            network.incrementEpochCount();
        }
    }

    @ParameterizedTest
    @MethodSource("schedulesWithJson")
    void everySchedule_staysThroughModelSerializer(ISchedule schedule) throws IOException {
        MultiLayerNetwork network = layers(new Adam(schedule));
        ComputationGraph graph = graph(new Adam(schedule));
        network.fit(data());
        graph.fit(data());

        MultiLayerNetwork readNetwork = ModelSerializer.restoreMultiLayerNetwork(written(network), true);
        ComputationGraph readGraph = ModelSerializer.restoreComputationGraph(written(graph), true);

        assertRates(readNetwork, schedule);
        assertRates(readGraph, schedule);
        network.fit(data());
        readNetwork.fit(data());
        assertThat(values(readNetwork.params())).containsExactly(values(network.params()));
        assertThat(values(readNetwork.updaterState())).containsExactly(values(network.updaterState()));
    }

    /** Pins ND4J: the ramp has no annotations for JSON, with plain updaters too. */
    @Test
    void theRamp_isUnreadableInPlainNetworksToo() {
        String json = new NeuralNetConfiguration.Builder()
                .updater(new Adam(ramp()))
                .list()
                .layer(new DenseLayer.Builder().nIn(3).nOut(2).build())
                .build()
                .toJson();

        assertThatThrownBy(() -> MultiLayerConfiguration.fromJson(json)).hasMessageContaining("RampSchedule");
    }

    @ParameterizedTest
    @MethodSource("schedules")
    void setLearningRate_replacesRatesAndSchedules(ISchedule schedule) {
        MultiLayerNetwork network = layers(new Adam(0.2));
        ComputationGraph graph = graph(new Adam(0.2));

        network.setLearningRate(schedule);
        graph.setLearningRate(schedule);

        assertRates(network, schedule);
        assertRates(graph, schedule);
        network.setLearningRate(0.3);
        graph.setLearningRate(0.3);
        assertRates(network, new FixedSchedule(0.3));
        assertRates(graph, new FixedSchedule(0.3));
        assertThat(network.getLearningRate(1)).as("the layer says its own rate").isEqualTo(LAMBDA * 0.3);
    }

    /** The state of Adam stays where it belongs when one layer's rate is set and blocks are made anew. */
    @Test
    void setLearningRateOfOneLayer_leavesTheOtherAndKeepsTheState() {
        MultiLayerNetwork network = layers(new Adam(0.01));
        network.fit(data());
        double[] state = values(network.updaterState());

        network.setLearningRate(1, 0.002);

        assertThat(rates(network, 0, 0)).containsExactly(0.01, LAMBDA * 0.002);
        assertThat(values(network.updaterState())).containsExactly(state);
    }

    private static void assertRates(MultiLayerNetwork network, ISchedule schedule) {
        for (int i = 0; i < STEPS; i++) {
            for (int epoch = 0; epoch < STEPS; epoch++) {
                double rate = schedule.valueAt(i, epoch);
                assertThat(rates(network, i, epoch)).containsExactly(rate, LAMBDA * rate);
            }
        }
    }

    private static void assertRates(ComputationGraph graph, ISchedule schedule) {
        for (int i = 0; i < STEPS; i++) {
            double rate = schedule.valueAt(i, STEPS - i);
            assertThat(rates(graph.getUpdater(), i, STEPS - i)).containsExactly(rate, LAMBDA * rate);
        }
    }

    private static double[] rates(MultiLayerNetwork network, int iteration, int epoch) {
        return rates((BaseMultiLayerUpdater<?>) network.getUpdater(), iteration, epoch);
    }

    /** Returns what the running updaters of the blocks ask their configurations for. */
    private static double[] rates(BaseMultiLayerUpdater<?> updater, int iteration, int epoch) {
        return updater.getUpdaterBlocks().stream()
                .map(UpdaterBlock::getGradientUpdater)
                .mapToDouble(running -> running.getConfig().getLearningRate(iteration, epoch))
                .toArray();
    }

    private static double[] afterSgd(MultiLayerNetwork network, String name, double rate) {
        MultiLayerNetwork copy = network.clone();
        copy.setInput(data().getFeatures());
        copy.setLabels(data().getLabels());
        copy.computeGradientAndScore();
        INDArray gradient = copy.gradient().getGradientFor(name);
        return values(network.getParam(name).sub(gradient.mul(rate / data().numExamples())));
    }

    private static ByteArrayInputStream written(Model model) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(model, bytes, true);
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    private static DataSet data() {
        return new DataSet(
                Nd4j.createFromArray(new double[][] {{0.5, -1, 2}, {1, 0.25, -0.5}, {-2, 1, 0.75}, {-1, -1, 1}}),
                Nd4j.createFromArray(new double[][] {{1, -1}, {0, 2}, {-1, 0.5}, {0.5, 0.5}}));
    }

    private static NeuralNetConfiguration.Builder common() {
        return new NeuralNetConfiguration.Builder().seed(3).dataType(DataType.DOUBLE);
    }

    private static DenseLayer first(IUpdater base) {
        return new DenseLayer.Builder()
                .updater(base)
                .activation(Activation.TANH)
                .nOut(5)
                .build();
    }

    private static OutputLayer second(IUpdater base) {
        return new OutputLayer.Builder(LossFunction.MSE)
                .updater(new LoraPlusUpdater(base, LAMBDA))
                .activation(Activation.IDENTITY)
                .nOut(2)
                .build();
    }

    private static MultiLayerNetwork layers(IUpdater base) {
        MultiLayerNetwork network = new MultiLayerNetwork(common().list()
                .layer(first(base))
                .layer(second(base))
                .setInputType(InputType.feedForward(3))
                .build());
        network.init();
        return network;
    }

    private static ComputationGraph graph(IUpdater base) {
        GraphBuilder builder = common().graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(3))
                .addLayer("first", first(base), "in")
                .addLayer("second", second(base), "first")
                .setOutputs("second");
        ComputationGraph graph = new ComputationGraph(builder.build());
        graph.init();
        return graph;
    }
}
