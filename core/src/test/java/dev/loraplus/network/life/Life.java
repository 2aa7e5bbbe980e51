package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import dev.loraplus.network.Storage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Makes small trained networks, data and adapters for them, the same at every call, all in DOUBLE. */
final class Life {
    static final int IN = 5;
    static final int OUT = 3;
    static final int BATCH = 4;
    static final double LAMBDA = 8;

    private Life() {}

    /** 5 - 7 - 6 - 3, layers fc1, fc2 and out, each with a rate of its own: 0.01, 0.002 and 0.02. */
    static MultiLayerNetwork network() {
        MultiLayerNetwork network = network(new Adam(0.01), new Adam(0.002), new Adam(0.02));
        network.fit(data(1));
        network.fit(data(2));
        return network;
    }

    static MultiLayerNetwork network(IUpdater first, IUpdater second, IUpdater third) {
        MultiLayerConfiguration conf = settings()
                .list()
                .layer(dense(7).nIn(IN).updater(first).name("fc1").build())
                .layer(dense(6).nIn(7).updater(second).name("fc2").build())
                .layer(softmax().nIn(6).updater(third).name("out").build())
                .build();
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    /** Two dense layers side by side, then one that takes both: vertices left, right and out, at 0.01, 0.002, 0.02. */
    static ComputationGraph graph() {
        ComputationGraph graph = graph(new Adam(0.01), new Adam(0.002), new Adam(0.02));
        graph.fit(data(1));
        graph.fit(data(2));
        return graph;
    }

    static ComputationGraph graph(IUpdater first, IUpdater second, IUpdater third) {
        ComputationGraphConfiguration conf = settings()
                .graphBuilder()
                .addInputs("in")
                .addLayer("left", dense(7).nIn(IN).updater(first).build(), "in")
                .addLayer("right", dense(4).nIn(IN).updater(second).build(), "in")
                .addLayer("out", softmax().nIn(11).updater(third).build(), "left", "right")
                .setOutputs("out")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        return graph;
    }

    static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder()
                .seed(12345)
                .dataType(DataType.DOUBLE)
                .activation(Activation.TANH);
    }

    static DenseLayer.Builder dense(int nOut) {
        return new DenseLayer.Builder().nOut(nOut);
    }

    static OutputLayer.Builder softmax() {
        return new OutputLayer.Builder(LossFunction.MCXENT).nOut(OUT).activation(Activation.SOFTMAX);
    }

    /** Rank 2, scaling 1.5, lambda {@value #LAMBDA}, every layer but the head, which is trained fully. */
    static LoraConfig config() {
        return LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .lambda(LAMBDA)
                .modulesToSave("out")
                .build();
    }

    static NetworkOptions stored(Storage storage) {
        return NetworkOptions.defaults().withStorage(storage);
    }

    /** Returns an adapted network that has learned a little, so that no factor is zero. */
    static AdaptedNetwork<MultiLayerNetwork> trainedNetwork(Storage storage) {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(network(), config(), stored(storage));
        adapted.model().fit(data(3));
        adapted.model().fit(data(4));
        return adapted;
    }

    /** Returns an adapted graph that has learned a little, so that no factor is zero. */
    static AdaptedNetwork<ComputationGraph> trainedGraph(Storage storage) {
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(graph(), config(), stored(storage));
        adapted.model().fit(data(3));
        adapted.model().fit(data(4));
        return adapted;
    }

    /** Gives every B values, so that A has a gradient from the first step on. */
    static void fillB(Map<String, INDArray> parameters) {
        parameters.forEach((key, array) -> {
            if (key.endsWith("loraB")) {
                array.assign(uniform(key.hashCode(), array.shape()).muli(0.3));
            }
        });
    }

    static DataSet data(long seed) {
        INDArray labels = Nd4j.zeros(DataType.DOUBLE, BATCH, OUT);
        for (int i = 0; i < BATCH; i++) {
            labels.putScalar(i, (i + seed) % OUT, 1);
        }
        return new DataSet(uniform(seed, BATCH, IN), labels);
    }

    static INDArray input() {
        return data(9).getFeatures();
    }

    /** Returns batches with the seeds 1 to {@code batches}. */
    static DataSetIterator batches(int batches) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 1; i <= batches; i++) {
            all.addAll(data(i).asList());
        }
        return new ListDataSetIterator<>(all, BATCH);
    }

    /** Returns the batches with the seeds 1 and 2 in turn. */
    static DataSetIterator batchesInTurn(int batches) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            all.addAll(data(1 + i % 2).asList());
        }
        return new ListDataSetIterator<>(all, BATCH);
    }

    static INDArray uniform(long seed, long... shape) {
        Random random = new Random(seed);
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, 2 * random.nextDouble() - 1);
        }
        return array;
    }

    /** Checks that two arrays have the same shape and the same bits. */
    static void assertSame(INDArray actual, INDArray expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.dataType()).isEqualTo(expected.dataType());
        double[] found = actual.dup('c').data().asDouble();
        double[] wanted = expected.dup('c').data().asDouble();
        int where = Arrays.mismatch(found, wanted);
        assertThat(where)
                .as(() -> "index of " + found[where] + " where " + wanted[where] + " was expected")
                .isEqualTo(-1);
    }

    static void assertClose(INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue())
                .as(() -> actual + " instead of " + expected)
                .isLessThanOrEqualTo(tolerance);
    }
}
