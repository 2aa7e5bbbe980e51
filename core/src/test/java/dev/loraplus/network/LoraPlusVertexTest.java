package dev.loraplus.network;

import static dev.loraplus.network.VertexGraphs.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.math.AdapterInit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.memory.MemoryType;
import org.deeplearning4j.nn.conf.memory.MemoryUseMode;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

class LoraPlusVertexTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"PISSA", "OLORA"})
    void start_isTheGraphWithoutTheBranchAndTheValuesOfSeedAndName(Initialization initialization) {
        ComputationGraph graph = VertexGraphs.dense(
                VertexGraphs.vertex(new Adam()).initialization(initialization).build(), new Adam());
        INDArray in = VertexGraphs.data(1).getFeatures(0);

        assertThat(graph.outputSingle(in))
                .isEqualTo(VertexGraphs.withoutBranch(new Adam()).outputSingle(in));
        Adapter.Factors expected = AdapterInit.factors(
                initialization, "lora", VertexGraphs.N_IN, 2, VertexGraphs.N_OUT, DataType.DOUBLE, 11);
        assertThat(bits(VertexGraphs.factor(graph, LoraPlusVertex.A))).containsExactly(bits(expected.a()));
        assertThat(bits(VertexGraphs.factor(graph, LoraPlusVertex.B))).containsExactly(bits(expected.b()));
        assertThat(graph.params().length() - graph.numParams()).isEqualTo(2 * (5 + 4));
    }

    @Test
    void json_roundTripsWithEveryValue() {
        LoraPlusVertex vertex = everything();
        ComputationGraphConfiguration written =
                VertexGraphs.dense(vertex, new Adam()).getConfiguration();

        ComputationGraphConfiguration read = ComputationGraphConfiguration.fromJson(written.toJson());

        assertThat(read.getVertices().get("lora"))
                .isEqualTo(vertex)
                .hasSameHashCodeAs(vertex)
                .hasToString(vertex.toString());
        assertThat(read.toJson()).isEqualTo(written.toJson());
        assertThat(ComputationGraphConfiguration.fromYaml(written.toYaml())).isEqualTo(written);
    }

    @Test
    void javaSerialisation_givesTheSameOutput() throws IOException, ClassNotFoundException {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(everything(), new Adam()), 1);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(graph);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            ComputationGraph read = (ComputationGraph) in.readObject();
            assertSame(graph, read.clone()); // DL4J leaves the graph it reads without its count of outputs
        }
    }

    @Test
    void modelSerializer_keepsTheStateOfTheUpdater() throws IOException {
        ComputationGraph graph = VertexGraphs.dense(everything(), new Adam());
        graph.fit(VertexGraphs.data(2));
        Path file = folder.resolve("graph.zip");

        ModelSerializer.writeModel(graph, file.toFile(), true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file.toFile(), true);

        assertThat(bits(restored.updaterState())).containsExactly(bits(graph.updaterState()));
        assertSame(graph, restored);
        graph.fit(VertexGraphs.data(3));
        restored.fit(VertexGraphs.data(3));
        assertSame(graph, restored);
    }

    @Test
    void aClone_trainsTheSameAndHasARateOfItsOwn() {
        ComputationGraph graph = VertexGraphs.dense(everything(), new Adam(0.01));
        ComputationGraph untouched = graph.clone();
        ComputationGraph clone = graph.clone();
        LoraPlusVertex.setLearningRate(clone, 0.5);

        graph.fit(VertexGraphs.data(4));
        untouched.fit(VertexGraphs.data(4));

        assertSame(graph, untouched);
        assertThat(clone.getConfiguration().getVertices().get("lora")).isNotEqualTo(everything());
        assertThat(everything().clone()).isEqualTo(everything()).hasSameHashCodeAs(everything());
    }

    @Test
    void summary_namesTheVertex() {
        ComputationGraph graph = VertexGraphs.dense(everything(), new Adam());

        assertThat(graph.summary()).contains("lora (VertexRuntime)");
        assertThat(graph.summary(InputType.feedForward(VertexGraphs.INPUTS))).contains("InputTypeFeedForward(4)");
        assertThat(graph.getVertex("lora")).hasToString("LoraPlusVertex(id=3,name=\"lora\",nIn=5,nOut=4,rank=2)");
        assertThat(graph.getConfiguration()
                        .getMemoryReport(InputType.feedForward(VertexGraphs.INPUTS))
                        .getMemoryBytes(
                                MemoryType.PARAMETERS, 1, MemoryUseMode.TRAINING, CacheMode.NONE, DataType.DOUBLE))
                .isEqualTo(8 * graph.params().length());
    }

    /** Pins DL4J: what the class doc says about transfer learning, and its remedy. */
    @Test
    void transferLearning_losesTheFactorsUnlessTheyAreCopied() {
        ComputationGraph graph = VertexGraphs.shaken(VertexGraphs.dense(everything(), new Adam()), 5);
        OutputLayer output = VertexGraphs.output();
        output.setNIn(VertexGraphs.N_OUT);
        ComputationGraph next = new TransferLearning.GraphBuilder(graph)
                .removeVertexKeepConnections("out")
                .addLayer("out", output, "act")
                .build();
        INDArray in = VertexGraphs.data(6).getFeatures(0);
        assertThat(VertexGraphs.factor(next, LoraPlusVertex.A).ameanNumber().doubleValue())
                .isZero();

        next.getVertex("lora").params().assign(graph.getVertex("lora").params());

        assertThat(bits(next.feedForward(in, false).get("act")))
                .containsExactly(bits(graph.feedForward(in, false).get("act")), within(1e-6)); // next is FLOAT
    }

    @Test
    void sizes_canBeGivenWithoutInputTypes() {
        LoraPlusVertex open = VertexGraphs.vertex(new Adam()).name("lora").build();
        assertThatThrownBy(() -> open.numParams(true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'lora' doesn't know its sizes yet, got nIn = 0 and nOut = 0");
        LoraPlusVertex given = VertexGraphs.vertex(new Adam()).nIn(5).nOut(4).build();
        assertThat(given.numParams(true)).isEqualTo(2 * (5 + 4));

        ComputationGraph inferred =
                VertexGraphs.dense(VertexGraphs.vertex(new Adam()).build(), new Adam());

        assertThat(inferred.getConfiguration().getVertices().get("lora")).isEqualTo(given);
        assertThat(given.getOutputType(0, InputType.recurrent(5, 7), InputType.recurrent(4)))
                .isEqualTo(InputType.recurrent(4));
    }

    @Test
    void wrongInputTypes_areRefusedWithTheVertexWhatWasGotAndWhatExpected() {
        assertRefused("needs two inputs, x and z, got 1", InputType.feedForward(5));
        assertRefused(
                "both recurrent and equally long, got x = InputTypeFeedForward(5) and z = InputTypeRecurrent(4",
                InputType.feedForward(5),
                InputType.recurrent(4));
        assertRefused("equally long", InputType.recurrent(5, 6), InputType.recurrent(4, 7));
        assertRefused("expected x of size 5, got 6", InputType.feedForward(6), InputType.feedForward(4));
        assertRefused("expected z of size 4, got 6", InputType.feedForward(5), InputType.convolutionalFlat(2, 3, 1));
        assertRefused("(NCW), got x = ", InputType.convolutional(2, 3, 1), InputType.feedForward(4));
        assertRefused("(NCW), got z = ", InputType.recurrent(5), InputType.recurrent(4, RNNFormat.NWC));
    }

    @Test
    void wrongArrays_areRefusedWithTheVertexAndBothShapes() {
        ComputationGraph graph = VertexGraphs.init(VertexGraphs.common(new Adam())
                .graphBuilder()
                .addInputs("x", "z")
                .addVertex(
                        "lora", VertexGraphs.vertex(new Adam()).nIn(5).nOut(4).build(), "x", "z")
                .setOutputs("lora"));

        assertThat(graph.output(Nd4j.zeros(DataType.DOUBLE, 7, 5), Nd4j.ones(DataType.DOUBLE, 7, 4))[0])
                .isEqualTo(Nd4j.ones(DataType.DOUBLE, 7, 4));
        for (long[] x : new long[][] {{7, 6}, {8, 5}, {7, 5, 2}, {7, 5, 1, 1}}) {
            assertThatThrownBy(() -> graph.output(Nd4j.zeros(DataType.DOUBLE, x), Nd4j.ones(DataType.DOUBLE, 7, 4)))
                    .isInstanceOf(DL4JInvalidInputException.class)
                    .hasMessageContaining("'lora' expected x [b, 5] and z [b, 4]")
                    .hasMessageContaining("and z [7, 4]");
        }
    }

    @Test
    void wrongValues_areRefusedBeforeAGraphIsMade() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoraPlusVertex.Builder().build())
                .withMessageContaining("needs an updater of its own, got none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VertexGraphs.vertex(new NoOp()).build())
                .withMessageContaining("NoOp has no learning rate that lambda = 16.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VertexGraphs.vertex(new Sgd()).rank(0).build())
                .withMessageContaining("rank must be at least 1, got 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VertexGraphs.vertex(new Sgd()).nIn(-1).build())
                .withMessageContaining("got -1 and 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        VertexGraphs.vertex(new Sgd()).weightDecay(Double.NaN).build())
                .withMessageContaining("weightDecay must be finite and at least 0, got NaN");
        assertThat(VertexGraphs.vertex(new NoOp()).lambda(1).build().rank()).isEqualTo(2);
    }

    @Test
    void wrongPlacesInAGraph_areRefusedByName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VertexGraphs.dense(
                        VertexGraphs.vertex(new Sgd()).name("other").build(), new Sgd()))
                .withMessageContaining("LoraPlusVertex 'other' is 'lora' in the graph");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VertexGraphs.init(VertexGraphs.common(new Sgd())
                        .graphBuilder()
                        .addInputs("x")
                        .addVertex(
                                "lora",
                                VertexGraphs.vertex(new Sgd()).nIn(5).nOut(4).build(),
                                "x")
                        .setOutputs("lora")))
                .withMessageContaining("'lora' needs two inputs, x and z, got [x]");
    }

    private static void assertRefused(String message, InputType... inputs) {
        LoraPlusVertex vertex =
                VertexGraphs.vertex(new Adam()).name("lora").nIn(5).nOut(4).build();
        assertThatThrownBy(() -> vertex.getOutputType(0, inputs))
                .isInstanceOf(InvalidInputTypeException.class)
                .hasMessageContaining("LoraPlusVertex 'lora' ")
                .hasMessageContaining(message);
    }

    /** Leaves no value at its default. */
    private static LoraPlusVertex everything() {
        return VertexGraphs.vertex(new Adam(new ExponentialSchedule(ScheduleType.ITERATION, 0.02, 0.5)))
                .name("lora")
                .nIn(VertexGraphs.N_IN)
                .nOut(VertexGraphs.N_OUT)
                .lambda(5)
                .initialization(Initialization.B_RANDOM_A_ZERO)
                .weightDecay(0.1)
                .build();
    }

    private static void assertSame(ComputationGraph expected, ComputationGraph actual) {
        INDArray in = VertexGraphs.data(7).getFeatures(0);
        assertThat(bits(actual.params())).containsExactly(bits(expected.params()));
        assertThat(actual.getConfiguration()).isEqualTo(expected.getConfiguration());
        assertThat(bits(actual.outputSingle(in))).containsExactly(bits(expected.outputSingle(in)));
    }
}
