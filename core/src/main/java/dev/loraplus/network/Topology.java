package dev.loraplus.network;

import java.util.List;
import java.util.function.BiFunction;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Hides what {@code MultiLayerNetwork} and {@code ComputationGraph} do differently.
 *
 * @param <N> the kind of network
 */
interface Topology<N> {

    boolean isInitialized(N network);

    DataType dataType(N network);

    /** Returns the flat vector of parameters, the live one. */
    INDArray params(N network);

    int iteration(N network);

    int epoch(N network);

    /** Returns DL4J's own table of layers. */
    String summary(N network);

    /** Returns the layers of an initialized network, in order. */
    List<Site> sites(N network);

    /** Returns what has parameters of its own but is no layer, each with its kind. */
    List<String> strangers(N network);

    /**
     * Returns a new network with the same configuration but for its layers.
     *
     * @param change turns a site's name and a copy of its layer into the new layer
     * @param params the flat vector to use; {@code null} lets each layer fill its own
     */
    N rebuild(N network, BiFunction<String, Layer, Layer> change, int iteration, int epoch, @Nullable INDArray params);

    /** Gives a network a listener in place of those it has. */
    void setListener(N network, TrainingListener listener);

    /**
     * Checks that a network has parameters.
     *
     * @throws IllegalArgumentException if it is not initialized
     */
    default void requireInitialized(N network) {
        if (!isInitialized(network)) {
            throw new IllegalArgumentException("The " + network.getClass().getSimpleName()
                    + " is not initialized and has no weights; call init() first.");
        }
    }
}
