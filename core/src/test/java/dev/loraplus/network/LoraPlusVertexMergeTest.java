package dev.loraplus.network;

import static dev.loraplus.network.VertexGraphs.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

class LoraPlusVertexMergeTest {
    private static final Adam UPDATER = new Adam(0.01);

    @Test
    void merge_givesTheGraphWithoutTheBranchAndTheSameOutput() {
        ComputationGraph graph = VertexGraphs.dense(vertex(), UPDATER);
        for (int step = 0; step < 3; step++) {
            graph.fit(VertexGraphs.data(step));
        }
        INDArray before = graph.params().dup();

        ComputationGraph merged = LoraPlusVertex.merge(graph);

        ComputationGraph plain = VertexGraphs.withoutBranch(UPDATER);
        plain.getConfiguration().setIterationCount(3);
        plain.getConfiguration().setEpochCount(graph.getConfiguration().getEpochCount());
        assertThat(merged.getConfiguration().toJson())
                .isEqualTo(plain.getConfiguration().toJson());
        assertSameOutput(graph, merged);
        assertThat(merged.getVertex("lora")).isNull();
        assertThat(bits(graph.params())).as("the given graph is left as it is").containsExactly(bits(before));
        merged.fit(VertexGraphs.data(4));
    }

    /** Two branches after each other go into one weight; the second is an output of the graph. */
    @Test
    void chainAndOutput_areRewiredToTheLayer() {
        ComputationGraph graph = graph(VertexGraphs.upToZ(builder())
                .addVertex("first", vertex(), "x", "z")
                .addVertex("second", vertex(), "x", "first")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "second", "second")
                .addLayer("out", VertexGraphs.output(), "sum")
                .setOutputs("second", "out"));

        ComputationGraph merged = LoraPlusVertex.merge(graph);

        assertThat(merged.getConfiguration().getNetworkOutputs()).containsExactly("z", "out");
        assertThat(merged.getConfiguration().getVertexInputs().get("sum")).containsExactly("z", "z");
        assertThat(merged.getConfiguration().getVertices()).containsOnlyKeys("x", "z", "sum", "out");
        assertSameOutput(graph, merged);
    }

    @Test
    void frozenLayers_areMergedAndStayFrozen() {
        for (Class<?> kind : new Class<?>[] {FrozenLayer.class, FrozenLayerWithBackprop.class}) {
            DenseLayer dense = VertexGraphs.identity();
            ComputationGraph graph = graph(builder()
                    .addInputs("x")
                    .setInputTypes(InputType.feedForward(VertexGraphs.INPUTS))
                    .addLayer(
                            "z",
                            kind == FrozenLayer.class ? new FrozenLayer(dense) : new FrozenLayerWithBackprop(dense),
                            "x")
                    .addVertex("lora", vertex(), "x", "z")
                    .addLayer("out", VertexGraphs.output(), "lora")
                    .setOutputs("out"));
            INDArray weight = graph.paramTable().get("z_W").dup();
            INDArray b = VertexGraphs.factor(graph, LoraPlusVertex.B).dup();
            graph.fit(VertexGraphs.data(1));
            assertThat(bits(graph.paramTable().get("z_W"))).containsExactly(bits(weight));
            assertThat(VertexGraphs.factor(graph, LoraPlusVertex.B)).isNotEqualTo(b);

            ComputationGraph merged = LoraPlusVertex.merge(graph);

            assertSameOutput(graph, merged);
            assertThat(merged.paramTable().get("z_W")).isNotEqualTo(weight);
            assertThat(merged.getLayer("z").getClass().getSimpleName()).isEqualTo(kind.getSimpleName());
        }
    }

    @Test
    void aFrozenVertex_isMergedToo() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(vertex(), UPDATER), 3);
        ComputationGraph frozen = new TransferLearning.GraphBuilder(graph)
                .setFeatureExtractor("lora")
                .build();
        INDArray before = frozen.getVertex("lora").params().dup();
        frozen.fit(VertexGraphs.data(1));
        assertThat(bits(frozen.getVertex("lora").params())).containsExactly(bits(before));

        assertSameOutput(frozen, LoraPlusVertex.merge(frozen), 1e-6); // transfer learning makes FLOAT of it
    }

    @Test
    void whatCannotBeMerged_isListedWithTheReason() {
        GraphBuilder builder = builder()
                .addInputs("in", "in2")
                .setInputTypes(InputType.feedForward(3), InputType.feedForward(4))
                .addLayer("x", new DenseLayer.Builder().nOut(5).build(), "in")
                .addLayer("z", identity(false), "x")
                .addLayer("curved", new DenseLayer.Builder().nOut(4).build(), "x")
                .addLayer("normed", identity(true), "x")
                .addLayer("shared", identity(false), "x")
                .addLayer("far", identity(false), "z")
                .addVertex("good", vertex(), "x", "z")
                .addVertex("bent", vertex(), "x", "curved")
                .addVertex("scaled", vertex(), "x", "normed")
                .addVertex("one", vertex(), "x", "shared")
                .addVertex("two", vertex(), "x", "shared")
                .addVertex("distant", vertex(), "x", "far")
                .addVertex("chained", vertex(), "x", "bent")
                .addVertex("bare", vertex(), "x", "in2")
                .addVertex(
                        "sum",
                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                        "good",
                        "scaled",
                        "one",
                        "two",
                        "distant",
                        "chained",
                        "bare")
                .addLayer("out", VertexGraphs.output(), "sum")
                .setOutputs("out");
        ComputationGraph graph = graph(builder);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoraPlusVertex.merge(graph))
                .withMessageStartingWith("Cannot merge 8 LoraPlusVertex: ")
                .withMessageContaining("'good' is not the only user of its layer 'z'")
                .withMessageContaining("'bent' comes after the activation 'tanh' of its layer 'curved'")
                .withMessageContaining("'scaled' comes after the layer normalization of its layer 'normed'")
                .withMessageContaining("'one' is not the only user of its layer 'shared'")
                .withMessageContaining("'two' is not the only user of its layer 'shared'")
                .withMessageContaining("'distant' has x from 'x', but its layer 'far' has its input from [z]")
                .withMessageContaining("'chained' gets z from 'bent', which is no layer")
                .withMessageContaining("'bare' gets z from 'in2', which is no layer");
    }

    @Test
    void otherLayersAndGraphsWithoutAVertex_areRefused() {
        ComputationGraph recurrent = graph(VertexGraphs.recurrent(vertex(), VertexGraphs.common(UPDATER)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoraPlusVertex.merge(recurrent))
                .withMessageContaining("'lora' gets z from 'z', a LSTM and no DenseLayer");
        ComputationGraph plain = VertexGraphs.withoutBranch(UPDATER);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoraPlusVertex.merge(plain))
                .withMessageContaining("holds no LoraPlusVertex, but only [x, z, act, out]");
    }

    private static GraphBuilder builder() {
        return VertexGraphs.common(UPDATER).graphBuilder();
    }

    private static ComputationGraph graph(GraphBuilder builder) {
        return VertexGraphs.shaken(VertexGraphs.init(builder), 9);
    }

    private static LoraPlusVertex vertex() {
        return VertexGraphs.vertex(UPDATER).build();
    }

    private static DenseLayer identity(boolean normed) {
        return new DenseLayer.Builder()
                .nOut(VertexGraphs.N_OUT)
                .activation(Activation.IDENTITY)
                .hasLayerNorm(normed)
                .build();
    }

    private static void assertSameOutput(ComputationGraph expected, ComputationGraph actual) {
        assertSameOutput(expected, actual, 1e-13);
    }

    private static void assertSameOutput(ComputationGraph expected, ComputationGraph actual, double tolerance) {
        INDArray in = VertexGraphs.data(20).getFeatures(0);
        INDArray[] wanted = expected.output(in);
        INDArray[] got = actual.output(in);
        assertThat(got).hasSameSizeAs(wanted);
        for (int i = 0; i < got.length; i++) {
            assertThat(bits(got[i])).containsExactly(bits(wanted[i]), within(tolerance));
        }
    }
}
