package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Sgd;

/** What networks of sequences do besides computing an output: masks, truncated backpropagation, single steps of time. */
class SequencesTest {
    private static final int TIME = 12;
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).alpha(3).lambda(4).build();

    private final INDArray features = Networks.uniform(DataType.DOUBLE, 1, 2, 4, TIME);
    private final INDArray labels = LayerKind.oneHot(2, 3, TIME);

    static Stream<BaseRecurrentLayer> recurrent() {
        return Stream.of(
                new LSTM.Builder().nIn(4).nOut(5).build(),
                new GravesLSTM.Builder().nIn(4).nOut(5).build(),
                new SimpleRnn.Builder().nIn(4).nOut(5).build());
    }

    @ParameterizedTest
    @MethodSource("recurrent")
    void stepsOfTime_giveWhatTheWholeSequenceGives(BaseRecurrentLayer layer) {
        MultiLayerNetwork network = adapted(network(layer, false)).model();
        INDArray whole = network.output(features);
        for (int t = 0; t < TIME; t++) {
            INDArray step = network.rnnTimeStep(at(features, t));
            assertThat(step.equalsWithEps(at(whole, t), 1e-12)).as("step " + t).isTrue();
        }
        assertThat(network.rnnGetPreviousState(0)).isNotEmpty();
        network.rnnClearPreviousState();
        assertThat(network.rnnTimeStep(at(features, 0)).equalsWithEps(at(whole, 0), 1e-12))
                .isTrue();
    }

    @Test
    void graphStepsOfTime_giveWhatTheWholeSequenceGives() {
        ComputationGraph graph = filled(LoraPlus.attach(graph(false), CONFIG)).model();
        INDArray whole = graph.outputSingle(features);
        for (int t = 0; t < TIME; t++) {
            INDArray step = graph.rnnTimeStep(at(features, t))[0];
            assertThat(step.equalsWithEps(at(whole, t), 1e-12)).as("step " + t).isTrue();
        }
    }

    /** DL4J unwraps such a layer for a single step of time, and runs what is inside by itself. */
    @Test
    void wrapperOfARecurrentLayer_stepsAsThePlainOne() {
        Layer wrapper = new MaskZeroLayer.Builder()
                .setUnderlying(new LSTM.Builder().nIn(4).nOut(5).build())
                .setMaskValue(0.0)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = adapted(network(wrapper, false));
        MultiLayerNetwork merged = adapted.merge();
        for (int t = 0; t < 3; t++) {
            INDArray expected = merged.rnnTimeStep(at(features, t));
            assertThat(adapted.model().rnnTimeStep(at(features, t)).equalsWithEps(expected, 1e-12))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("recurrent")
    void truncatedBackpropagation_isThatOfThePlainNetwork(BaseRecurrentLayer layer) {
        AdaptedNetwork<MultiLayerNetwork> adapted = adapted(network(layer, true));
        MultiLayerNetwork network = adapted.model();
        MultiLayerNetwork merged = adapted.merge();
        INDArray before = network.params().dup();
        double score = network.score(new DataSet(features, labels));
        assertThat(merged.score(new DataSet(features, labels))).isCloseTo(score, within());

        network.fit(features, labels);
        assertThat(network.getIterationCount()).isEqualTo(TIME / 4);
        assertThat(network.params()).isNotEqualTo(before);
        for (int i = 0; i < 20; i++) {
            network.fit(features, labels);
        }
        assertThat(network.score(new DataSet(features, labels))).isLessThan(score);
    }

    @Test
    void truncatedBackpropagation_ofAGraph_equalsThatOfANetwork() {
        MultiLayerNetwork network = LoraPlus.attach(
                        network(recurrent().findFirst().orElseThrow(), true), CONFIG)
                .model();
        ComputationGraph graph = LoraPlus.attach(graph(true), CONFIG).model();
        graph.setParams(network.params());
        assertThat(graph.outputSingle(features)).isEqualTo(network.output(features));
        for (int i = 0; i < 3; i++) {
            network.fit(features, labels);
            graph.fit(new DataSet(features, labels));
        }
        assertThat(graph.params().reshape(-1).equalsWithEps(network.params().reshape(-1), 1e-12))
                .isTrue();
    }

    @Test
    void maskedSteps_changeNothing() {
        AdaptedNetwork<MultiLayerNetwork> adapted =
                adapted(network(recurrent().findFirst().orElseThrow(), false));
        MultiLayerNetwork network = adapted.model();
        INDArray mask = Nd4j.ones(DataType.DOUBLE, 2, TIME);
        mask.get(NDArrayIndex.point(1), NDArrayIndex.interval(7, TIME)).assign(0);
        INDArray other = features.dup();
        other.get(NDArrayIndex.point(1), NDArrayIndex.all(), NDArrayIndex.interval(7, TIME))
                .assign(9);

        assertThat(network.output(other, false, mask, mask)).isEqualTo(network.output(features, false, mask, mask));
        assertThat(network.output(features, false, mask, mask)
                        .equalsWithEps(adapted.merge().output(features, false, mask, mask), 1e-12))
                .isTrue();
        assertThat(gradient(network, other, mask)).isEqualTo(gradient(network, features, mask));
        assertThat(network.score(new DataSet(features, labels, mask, mask)))
                .isCloseTo(adapted.merge().score(new DataSet(features, labels, mask, mask)), within());
    }

    private INDArray gradient(MultiLayerNetwork network, INDArray input, INDArray mask) {
        network.setInput(input);
        network.setLabels(labels);
        network.setLayerMaskArrays(mask, mask);
        network.computeGradientAndScore();
        network.clearLayerMaskArrays();
        return network.gradient().gradient().dup();
    }

    private static AdaptedNetwork<MultiLayerNetwork> adapted(MultiLayerNetwork base) {
        return filled(LoraPlus.attach(base, CONFIG));
    }

    private static <N extends org.deeplearning4j.nn.api.Model> AdaptedNetwork<N> filled(AdaptedNetwork<N> adapted) {
        Networks.fill(adapted.model().params(), 3);
        return adapted;
    }

    private static INDArray at(INDArray sequence, int time) {
        return sequence.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.point(time))
                .dup();
    }

    private static MultiLayerNetwork network(Layer layer, boolean truncated) {
        MultiLayerConfiguration conf = Networks.settings(DataType.DOUBLE, new Sgd(0.1))
                .list()
                .layer(layer.clone())
                .layer(LayerKind.sequenceOutput(5))
                .backpropType(truncated ? BackpropType.TruncatedBPTT : BackpropType.Standard)
                .tBPTTForwardLength(truncated ? 4 : 20)
                .tBPTTBackwardLength(truncated ? 4 : 20)
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    private static ComputationGraph graph(boolean truncated) {
        ComputationGraphConfiguration conf = Networks.settings(DataType.DOUBLE, new Sgd(0.1))
                .graphBuilder()
                .addInputs("in")
                .addLayer("lstm", new LSTM.Builder().nIn(4).nOut(5).build(), "in")
                .addLayer("out", LayerKind.sequenceOutput(5), "lstm")
                .setOutputs("out")
                .backpropType(truncated ? BackpropType.TruncatedBPTT : BackpropType.Standard)
                .tBPTTForwardLength(truncated ? 4 : 20)
                .tBPTTBackwardLength(truncated ? 4 : 20)
                .build();
        ComputationGraph network = new ComputationGraph(conf);
        network.init();
        return network;
    }

    private static org.assertj.core.data.Offset<Double> within() {
        return org.assertj.core.data.Offset.offset(1e-12);
    }
}
