package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** One step of training: what every parameter was, its gradient over the batch, and how far it moved. */
record Steps(Map<String, INDArray> before, Map<String, INDArray> gradients, Map<String, INDArray> moved) {

    static Steps of(MultiLayerNetwork network, DataSet data) {
        network.setInput(data.getFeatures());
        network.setLabels(data.getLabels());
        network.computeGradientAndScore();
        Map<String, INDArray> gradients = copy(network.gradient().gradientForVariable());
        Map<String, INDArray> before = copy(network.paramTable());
        network.fit(data);
        return of(before, gradients, network.paramTable());
    }

    static Steps of(ComputationGraph graph, DataSet data) {
        graph.setInput(0, data.getFeatures());
        graph.setLabel(0, data.getLabels());
        graph.computeGradientAndScore();
        Map<String, INDArray> gradients = copy(graph.gradient().gradientForVariable());
        Map<String, INDArray> before = copy(graph.paramTable());
        graph.fit(data);
        return of(before, gradients, graph.paramTable());
    }

    static Map<String, INDArray> copy(Map<String, INDArray> arrays) {
        Map<String, INDArray> copy = new HashMap<>();
        arrays.forEach((key, array) -> copy.put(key, array.dup()));
        return copy;
    }

    static Steps of(Map<String, INDArray> before, Map<String, INDArray> gradients, Map<String, INDArray> now) {
        Map<String, INDArray> moved = new HashMap<>();
        before.forEach((key, array) -> moved.put(key, now.get(key).sub(array)));
        return new Steps(before, gradients, moved);
    }

    /** Returns how far gradient descent moves a parameter, with decoupled decay c: -rate (gradient + c parameter). */
    INDArray expected(String key, double rate, double decay) {
        return gradient(key).add(parameter(key).mul(decay)).mul(-rate);
    }

    INDArray parameter(String key) {
        return Objects.requireNonNull(before.get(key), key);
    }

    /** Returns the gradient of the mean over the batch. */
    INDArray gradient(String key) {
        return Objects.requireNonNull(gradients.get(key), key).div(Life.BATCH);
    }

    INDArray moved(String key) {
        return Objects.requireNonNull(moved.get(key), key);
    }

    /** Checks that the factors of a weight learned at a rate, and lambda times that. */
    Steps assertRates(String weight, double rate) {
        return assertRate(weight + "loraA", rate).assertRate(weight + "loraB", Life.LAMBDA * rate);
    }

    Steps assertRate(String key, double rate) {
        assertThat(gradient(key).amaxNumber().doubleValue()).as(key).isGreaterThan(1e-4);
        Life.assertClose(moved(key), expected(key, rate, 0), 1e-15);
        return this;
    }
}
