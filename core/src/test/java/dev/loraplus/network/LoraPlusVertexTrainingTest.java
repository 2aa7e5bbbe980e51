package dev.loraplus.network;

import static dev.loraplus.network.VertexGraphs.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class LoraPlusVertexTrainingTest {
    private static final double ETA = 0.01;
    private static final double LAMBDA = 16;

    @Test
    void anSgdStep_movesAAtTheRateAndBAtLambdaTimesIt() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(vertex(0), new Sgd(0.5)), 1);

        assertStep(graph, ETA, 0);
    }

    @Test
    void weightDecay_isDecoupledAndAtEachFactorsOwnRate() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(vertex(0.3), new Sgd(0.5)), 2);

        assertStep(graph, ETA, 0.3);
    }

    @Test
    void setLearningRate_setsLayersAndVerticesAndKeepsTheRatio() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(vertex(0), new Sgd(0.5)), 3);

        LoraPlusVertex.setLearningRate(graph, 0.002);

        assertThat(graph.getLearningRate("x")).isEqualTo(0.002);
        assertStep(graph, 0.002, 0);
        LoraPlusVertex.setLearningRate(graph, new ExponentialSchedule(ScheduleType.ITERATION, 0.004, 0.5));
        assertStep(graph, 0.002, 0); // iteration 1
        assertStep(graph, 0.001, 0);
    }

    /** Pins DL4J: its own method reaches layers only. */
    @Test
    void setLearningRateOfTheGraph_leavesTheVertexAlone() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(vertex(0), new Sgd(0.5)), 4);

        graph.setLearningRate(0.002);

        assertStep(graph, ETA, 0);
    }

    @Test
    void rates_areTheseForTheseParameters() {
        ComputationGraph graph = VertexGraphs.dense(
                VertexGraphs.vertex(new Adam(ETA)).lambda(LAMBDA).build(), new Adam(ETA));

        assertThat(rates(graph))
                .isEqualTo(Map.of(
                        "x_W",
                        ETA,
                        "x_b",
                        ETA,
                        "z_W",
                        ETA,
                        "z_b",
                        ETA,
                        "lora_loraA",
                        ETA,
                        "lora_loraB",
                        LAMBDA * ETA,
                        "out_W",
                        ETA,
                        "out_b",
                        ETA));
    }

    /** Reference: Adam's first step is the rate times g / (|g| + epsilon), whatever the gradient. */
    @Test
    void anAdamStep_movesBAtLambdaTimesTheRate() {
        ComputationGraph graph = VertexGraphs.shaken(
                VertexGraphs.dense(
                        VertexGraphs.vertex(new Adam(ETA)).lambda(LAMBDA).build(), new Adam(ETA)),
                5);
        INDArray a = VertexGraphs.factor(graph, LoraPlusVertex.A).dup();
        INDArray b = VertexGraphs.factor(graph, LoraPlusVertex.B).dup();

        graph.fit(VertexGraphs.data(6));

        assertThat(moved(a, VertexGraphs.factor(graph, LoraPlusVertex.A)))
                .allSatisfy(step -> assertThat(step).isCloseTo(ETA, within(1e-4 * ETA)));
        assertThat(moved(b, VertexGraphs.factor(graph, LoraPlusVertex.B)))
                .allSatisfy(step -> assertThat(step).isCloseTo(LAMBDA * ETA, within(1e-4 * LAMBDA * ETA)));
    }

    @Test
    void setLearningRate_keepsTheStateOfAdam() {
        ComputationGraph graph = VertexGraphs.dense(
                VertexGraphs.vertex(new Adam(ETA)).lambda(LAMBDA).build(), new Adam(ETA));
        graph.fit(VertexGraphs.data(7));
        ComputationGraph same = graph.clone();
        same.getConfiguration().setIterationCount(1); // DL4J's clone starts counting anew

        LoraPlusVertex.setLearningRate(graph, 2 * ETA);
        LoraPlusVertex.setLearningRate(graph, ETA);
        graph.fit(VertexGraphs.data(8));
        same.fit(VertexGraphs.data(8));

        assertThat(bits(graph.params())).containsExactly(bits(same.params()));
        assertThat(rates(graph)).isEqualTo(rates(same));
    }

    @Test
    void workspaces_changeNoBit() {
        ComputationGraph with = VertexGraphs.dense(vertex(0.1), new Adam(ETA), WorkspaceMode.ENABLED);
        ComputationGraph without = VertexGraphs.dense(vertex(0.1), new Adam(ETA), WorkspaceMode.NONE);
        for (int step = 0; step < 4; step++) {
            with.fit(VertexGraphs.data(step));
            without.fit(VertexGraphs.data(step));
        }
        INDArray in = VertexGraphs.data(9).getFeatures(0);

        assertThat(bits(with.params())).containsExactly(bits(without.params()));
        assertThat(bits(with.outputSingle(in))).containsExactly(bits(without.outputSingle(in)));
        assertThat(bits(with.outputSingle(true, in))).containsExactly(bits(without.outputSingle(true, in)));
    }

    @Test
    void series_changeNoBitWithWorkspacesAndTrainByTruncatedSteps() {
        ComputationGraph with = series(WorkspaceMode.ENABLED);
        ComputationGraph without = series(WorkspaceMode.NONE);
        INDArray a = VertexGraphs.factor(with, LoraPlusVertex.A).dup();
        for (int step = 0; step < 3; step++) {
            with.fit(VertexGraphs.series(step));
            without.fit(VertexGraphs.series(step));
        }

        assertThat(with.getIterationCount()).as("two slices of each series").isEqualTo(6);
        assertThat(bits(with.params())).containsExactly(bits(without.params()));
        assertThat(VertexGraphs.factor(with, LoraPlusVertex.A)).isNotEqualTo(a);
    }

    @Test
    void rnnTimeStep_givesTheOutputOfTheWholeSeries() {
        ComputationGraph graph = VertexGraphs.shaken(
                VertexGraphs.init(VertexGraphs.recurrent(vertex(0), VertexGraphs.common(new Sgd(ETA)))), 10);
        INDArray in = VertexGraphs.series(11).getFeatures(0);
        INDArray whole = graph.outputSingle(in);
        for (int t = 0; t < VertexGraphs.STEPS; t++) {
            INDArray step = t % 2 == 0
                    ? in.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(t))
                    : in.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(t, t + 1));
            INDArray out = graph.rnnTimeStep(step)[0];
            INDArray expected = whole.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(t));
            assertThat(bits(out)).as("step %d", t).containsExactly(bits(expected), within(1e-14));
        }
    }

    /** What stands in padded steps reaches neither the output at the other steps nor the factors. */
    @Test
    void maskedSteps_changeNothing() {
        MultiDataSet first = VertexGraphs.series(12);
        MultiDataSet second = VertexGraphs.series(12);
        INDArray mask = Nd4j.ones(DataType.DOUBLE, VertexGraphs.BATCH, VertexGraphs.STEPS);
        mask.get(NDArrayIndex.all(), NDArrayIndex.interval(4, 6)).assign(0);
        second.getFeatures(0)
                .get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(4, 6))
                .assign(1e3);
        for (MultiDataSet data : new MultiDataSet[] {first, second}) {
            data.setFeaturesMaskArrays(new INDArray[] {mask});
            data.setLabelsMaskArray(new INDArray[] {mask});
        }
        ComputationGraph one = series(WorkspaceMode.ENABLED);
        ComputationGraph other = series(WorkspaceMode.ENABLED);

        one.fit(first);
        other.fit(second);

        assertThat(bits(one.params())).containsExactly(bits(other.params()));
    }

    /** What comes after the vertex finds the end of a padded series by the mask it passes on. */
    @Test
    void paddedSeries_endWhereTheirMaskEnds() {
        ComputationGraph graph = VertexGraphs.shaken(
                VertexGraphs.init(VertexGraphs.common(new Sgd(ETA))
                        .graphBuilder()
                        .addInputs("in")
                        .setInputTypes(InputType.recurrent(VertexGraphs.N_IN))
                        .addLayer(
                                "z", new LSTM.Builder().nOut(VertexGraphs.N_OUT).build(), "in")
                        .addVertex("lora", vertex(0), "in", "z")
                        .addVertex("last", new LastTimeStepVertex("in"), "lora")
                        .addLayer(
                                "end",
                                new LastTimeStep(new LSTM.Builder().nOut(3).build()),
                                "lora")
                        .addLayer("out", VertexGraphs.output(), "end")
                        .addLayer("other", VertexGraphs.output(), "last")
                        .setOutputs("out", "other")),
                14);
        INDArray in = VertexGraphs.series(15).getFeatures(0);
        INDArray mask = Nd4j.ones(DataType.DOUBLE, VertexGraphs.BATCH, VertexGraphs.STEPS);
        mask.get(NDArrayIndex.all(), NDArrayIndex.interval(4, 6)).assign(0);

        INDArray[] padded = graph.output(false, new INDArray[] {in}, new INDArray[] {mask});
        INDArray[] cut = graph.output(in.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 4))
                .dup());

        for (int i = 0; i < 2; i++) {
            assertThat(bits(padded[i]))
                    .containsExactly(bits(cut[i]), within(1e-7)); // 4e-9 apart without the vertex too
        }
        assertThat(bits(padded[0])).isNotEqualTo(bits(graph.output(in)[0]));
    }

    private static ComputationGraph series(WorkspaceMode workspaces) {
        return VertexGraphs.init(VertexGraphs.recurrent(
                        vertex(0),
                        VertexGraphs.common(new Adam(ETA))
                                .trainingWorkspaceMode(workspaces)
                                .inferenceWorkspaceMode(workspaces))
                .backpropType(BackpropType.TruncatedBPTT)
                .tBPTTLength(3));
    }

    private static LoraPlusVertex vertex(double weightDecay) {
        return VertexGraphs.vertex(new Sgd(ETA))
                .lambda(LAMBDA)
                .weightDecay(weightDecay)
                .build();
    }

    /** Compares one step with p - rate (gradient + decay p), the gradient taken before it from a clone. */
    private static void assertStep(ComputationGraph graph, double rate, double decay) {
        MultiDataSet data = VertexGraphs.data(13);
        ComputationGraph copy = graph.clone();
        copy.setInputs(data.getFeatures());
        copy.setLabels(data.getLabels());
        copy.computeGradientAndScore();
        INDArray a = expected(copy, LoraPlusVertex.A, rate, decay);
        INDArray b = expected(copy, LoraPlusVertex.B, LAMBDA * rate, decay);

        graph.fit(data);

        assertThat(bits(VertexGraphs.factor(graph, LoraPlusVertex.A))).containsExactly(bits(a), within(1e-15));
        assertThat(bits(VertexGraphs.factor(graph, LoraPlusVertex.B))).containsExactly(bits(b), within(1e-15));
    }

    private static INDArray expected(ComputationGraph copy, String name, double rate, double decay) {
        INDArray value = VertexGraphs.factor(copy, name);
        INDArray gradient = ((Model) copy).gradient().getGradientFor("lora_" + name);
        assertThat(bits(gradient)).as(name).doesNotContain(0);
        return value.sub(gradient.mul(rate / VertexGraphs.BATCH)).sub(value.mul(rate * decay));
    }

    private static Map<String, Double> rates(ComputationGraph graph) {
        Map<String, Double> rates = new TreeMap<>();
        for (UpdaterBlock block : graph.getUpdater().getUpdaterBlocks()) {
            block.getLayersAndVariablesInBlock()
                    .forEach(parameter -> rates.put(
                            parameter.getLayer().getConfig().getLayerName() + "_" + parameter.getParamName(),
                            block.getGradientUpdater().getConfig().getLearningRate(0, 0)));
        }
        return rates;
    }

    private static List<Double> moved(INDArray before, INDArray after) {
        return Arrays.stream(bits(Transforms.abs(after.sub(before)))).boxed().toList();
    }
}
