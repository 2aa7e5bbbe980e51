package dev.loraplus.network;

import static dev.loraplus.network.VertexGraphs.BATCH;
import static dev.loraplus.network.VertexGraphs.STEPS;
import static org.assertj.core.api.Assertions.assertThat;

import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.GraphConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Outside reference: DL4J's own comparison with central differences. */
class LoraPlusVertexGradientTest {
    private DataType before;

    @BeforeEach
    void useDouble() {
        before = Nd4j.dataType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
    }

    @AfterEach
    void restoreType() {
        Nd4j.setDefaultDataTypes(before, before);
    }

    @Test
    void rows_haveTheGradientsOfCentralDifferences() {
        ComputationGraph graph = VertexGraphs.dense(vertex(), new Sgd(1));

        assertGradients(graph, VertexGraphs.data(1), null, null);
    }

    @Test
    void series_haveTheGradientsOfCentralDifferences() {
        ComputationGraph graph = VertexGraphs.init(VertexGraphs.recurrent(vertex(), common()));

        assertGradients(graph, VertexGraphs.series(2), null, null);
    }

    @Test
    void maskedSeries_haveTheGradientsOfCentralDifferences() {
        ComputationGraph graph = VertexGraphs.init(VertexGraphs.recurrent(vertex(), common()));

        assertGradients(graph, VertexGraphs.series(3), mask(), mask());
    }

    /** The end of each series hangs on the mask that the vertex passes on. */
    @Test
    void lastStepOfMaskedSeries_hasTheGradientsOfCentralDifferences() {
        ComputationGraph graph = VertexGraphs.init(common().graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.recurrent(VertexGraphs.N_IN))
                .addLayer("z", new LSTM.Builder().nOut(VertexGraphs.N_OUT).build(), "in")
                .addVertex("lora", vertex(), "in", "z")
                .addLayer("last", new LastTimeStep(new LSTM.Builder().nOut(3).build()), "lora")
                .addLayer("out", VertexGraphs.output(), "last")
                .setOutputs("out"));
        MultiDataSet data = new MultiDataSet(
                VertexGraphs.series(4).getFeatures(0), VertexGraphs.data(4).getLabels(0));

        assertGradients(graph, data, mask(), null);
    }

    /** x and z have other uses too, the vertex adds to gradients that are there and others add to its own. */
    @Test
    void sharedActivations_haveTheGradientsOfCentralDifferences() {
        ComputationGraph graph = VertexGraphs.init(VertexGraphs.upToZ(common().graphBuilder())
                .addVertex("lora", vertex(), "x", "z")
                .addVertex("square", vertex(), "z", "lora")
                .addVertex("self", vertex(), "square", "square")
                .addLayer(
                        "other",
                        new DenseLayer.Builder().nOut(VertexGraphs.N_OUT).build(),
                        "x")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "other", "z", "self", "lora")
                .addLayer("out", VertexGraphs.output(), "sum")
                .setOutputs("out"));

        assertGradients(graph, VertexGraphs.data(5), null, null);
    }

    private static NeuralNetConfiguration.Builder common() {
        return VertexGraphs.common(new Sgd(1));
    }

    private static LoraPlusVertex vertex() {
        return VertexGraphs.vertex(new Sgd(1)).lambda(1).build();
    }

    private static INDArray mask() {
        INDArray mask = Nd4j.ones(DataType.DOUBLE, BATCH, STEPS);
        for (int i = 0; i < BATCH; i++) {
            for (int t = STEPS - 1 - i % 3; t < STEPS; t++) {
                mask.putScalar(i, t, 0);
            }
        }
        return mask;
    }

    private static void assertGradients(
            ComputationGraph graph, MultiDataSet data, INDArray featureMask, INDArray labelMask) {
        VertexGraphs.shaken(graph, 17);
        GraphConfig check = new GraphConfig()
                .net(graph)
                .inputs(data.getFeatures())
                .labels(data.getLabels())
                .inputMask(featureMask == null ? null : new INDArray[] {featureMask})
                .labelMask(labelMask == null ? null : new INDArray[] {labelMask})
                .epsilon(1e-6)
                .maxRelError(1e-5)
                .print(GradientCheckUtil.PrintMode.FAILURES_ONLY);

        assertThat(GradientCheckUtil.checkGradients(check)).isTrue();
        assertThat(graph.paramTable()).containsKeys("lora_loraA", "lora_loraB");
    }
}
