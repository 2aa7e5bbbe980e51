package dev.loraplus.network;

import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small graphs around one {@link LoraPlusVertex} 'lora' between x of size 5 and z of size 4; all in DOUBLE. */
final class VertexGraphs {
    static final int BATCH = 7;
    static final int INPUTS = 3;
    static final int N_IN = 5;
    static final int N_OUT = 4;
    static final int CLASSES = 2;
    static final int STEPS = 6;

    private VertexGraphs() {}

    static LoraPlusVertex.Builder vertex(IUpdater updater) {
        return new LoraPlusVertex.Builder().rank(2).alpha(3).seed(11).updater(updater);
    }

    static NeuralNetConfiguration.Builder common(IUpdater updater) {
        return new NeuralNetConfiguration.Builder()
                .seed(5)
                .dataType(DataType.DOUBLE)
                .updater(updater)
                .activation(Activation.TANH);
    }

    /** Has in -&gt; x -&gt; z -&gt; lora -&gt; act -&gt; out. */
    static ComputationGraph dense(LoraPlusVertex vertex, IUpdater updater) {
        return dense(vertex, updater, WorkspaceMode.ENABLED);
    }

    static ComputationGraph dense(LoraPlusVertex vertex, IUpdater updater, WorkspaceMode workspaces) {
        GraphBuilder builder = common(updater)
                .trainingWorkspaceMode(workspaces)
                .inferenceWorkspaceMode(workspaces)
                .graphBuilder();
        upToZ(builder).addVertex("lora", vertex, "x", "z");
        return init(fromBranch(builder, "lora"));
    }

    static ComputationGraph withoutBranch(IUpdater updater) {
        return init(fromBranch(upToZ(common(updater).graphBuilder()), "z"));
    }

    static GraphBuilder upToZ(GraphBuilder builder) {
        return builder.addInputs("in")
                .setInputTypes(InputType.feedForward(INPUTS))
                .addLayer("x", new DenseLayer.Builder().nOut(N_IN).build(), "in")
                .addLayer("z", identity(), "x");
    }

    static DenseLayer identity() {
        return new DenseLayer.Builder()
                .nOut(N_OUT)
                .activation(Activation.IDENTITY)
                .build();
    }

    static GraphBuilder fromBranch(GraphBuilder builder, String from) {
        return builder.addLayer("act", new ActivationLayer(Activation.TANH), from)
                .addLayer("out", output(), "act")
                .setOutputs("out");
    }

    static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    /** Has in -&gt; z -&gt; lora -&gt; out, with x = in, at every step of time. */
    static GraphBuilder recurrent(LoraPlusVertex vertex, NeuralNetConfiguration.Builder common) {
        return common.graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.recurrent(N_IN))
                .addLayer("z", new LSTM.Builder().nOut(N_OUT).build(), "in")
                .addVertex("lora", vertex, "in", "z")
                .addLayer(
                        "out",
                        new RnnOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(CLASSES)
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "lora")
                .setOutputs("out");
    }

    static ComputationGraph init(GraphBuilder builder) {
        return init(builder.build());
    }

    static ComputationGraph init(ComputationGraphConfiguration configuration) {
        ComputationGraph graph = new ComputationGraph(configuration);
        graph.init();
        return graph;
    }

    /** Gives both factors values, so that gradients of both are not zero. */
    static ComputationGraph shaken(ComputationGraph graph, long seed) {
        graph.params().assign(normal(seed, graph.params().shape()).muli(0.5));
        return graph;
    }

    static INDArray normal(long seed, long... shape) {
        Random random = new Random(seed);
        double[] values = random.doubles(
                        Nd4j.createUninitialized(DataType.DOUBLE, shape).length(), -2, 2)
                .toArray();
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    static MultiDataSet data(long seed) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, BATCH, CLASSES);
        for (int i = 0; i < BATCH; i++) {
            labels.putScalar(i, i % CLASSES, 1);
        }
        return new MultiDataSet(normal(seed, BATCH, INPUTS), labels);
    }

    static MultiDataSet series(long seed) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, BATCH, CLASSES, STEPS);
        for (int i = 0; i < BATCH * STEPS; i++) {
            labels.putScalar(new int[] {i / STEPS, i % CLASSES, i % STEPS}, 1);
        }
        return new MultiDataSet(normal(seed, BATCH, N_IN, STEPS), labels);
    }

    static INDArray factor(ComputationGraph graph, String name) {
        return graph.getVertex("lora").paramTable(false).get(name);
    }

    /** Returns every value in 'c' order; arrays' own equals forgives 1e-5. */
    static double[] bits(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
