package dev.loraplus;

import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import dev.loraplus.samediff.AdaptedGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Attaches adapters to models: the place to start.
 *
 * <p>A SameDiff graph is changed in place, or, on any error, not at all; a {@code MultiLayerNetwork} or
 * {@code ComputationGraph} is never changed: a new network shares its weights. {@link AdaptedModel} lists what each verb
 * does for each kind of model.
 *
 * @since 0.1.0
 */
public final class LoraPlus {
    private LoraPlus() {}

    /**
     * Attaches a new adapter to a SameDiff graph; the graph first computes exactly what it did before.
     *
     * @throws NoMatchingTargetException if targets or modules to save match nothing; the message lists what exists
     * @throws IllegalArgumentException if a target can't be adapted, or the graph is adapted already
     */
    public static AdaptedGraph attach(SameDiff graph, LoraConfig config) {
        return AdaptedGraph.attach(graph, config);
    }

    /**
     * Attaches a new adapter to a network, which is not changed: {@link AdaptedModel#model()} is a new network that
     * shares its weights and first computes exactly what it does.
     *
     * @param base an initialized network; don't train it while adapters share its weights
     * @throws NoMatchingTargetException if targets or modules to save match nothing; the message lists what exists
     * @throws IllegalArgumentException if the network is not initialized, is adapted already, is neither FLOAT nor
     *     DOUBLE, or a target can't be adapted
     */
    public static AdaptedNetwork<MultiLayerNetwork> attach(MultiLayerNetwork base, LoraConfig config) {
        return attach(base, config, NetworkOptions.defaults());
    }

    /** Attaches as {@link #attach(MultiLayerNetwork, LoraConfig)}, with options. */
    public static AdaptedNetwork<MultiLayerNetwork> attach(
            MultiLayerNetwork base, LoraConfig config, NetworkOptions options) {
        return AdaptedNetwork.attach(base, config, options);
    }

    /**
     * Attaches a new adapter to a graph of layers, which is not changed: {@link AdaptedModel#model()} is a new graph that
     * shares its weights and first computes exactly what it does.
     *
     * @param base an initialized graph; don't train it while adapters share its weights
     * @throws NoMatchingTargetException if targets or modules to save match nothing; the message lists what exists
     * @throws IllegalArgumentException if the graph is not initialized, is adapted already, is neither FLOAT nor DOUBLE,
     *     has parameters outside its layers, or a target can't be adapted
     */
    public static AdaptedNetwork<ComputationGraph> attach(ComputationGraph base, LoraConfig config) {
        return attach(base, config, NetworkOptions.defaults());
    }

    /** Attaches as {@link #attach(ComputationGraph, LoraConfig)}, with options. */
    public static AdaptedNetwork<ComputationGraph> attach(
            ComputationGraph base, LoraConfig config, NetworkOptions options) {
        return AdaptedNetwork.attach(base, config, options);
    }

    /**
     * Returns the handle of a network that holds an adapter already, for example one that was restored or cloned.
     *
     * @throws IllegalArgumentException if it is not initialized or holds no adapter
     */
    public static AdaptedNetwork<MultiLayerNetwork> adapted(MultiLayerNetwork network) {
        return AdaptedNetwork.of(network);
    }

    /**
     * Returns the handle of a graph that holds an adapter already, for example one that was restored or cloned.
     *
     * @throws IllegalArgumentException if it is not initialized or holds no adapter
     */
    public static AdaptedNetwork<ComputationGraph> adapted(ComputationGraph network) {
        return AdaptedNetwork.of(network);
    }

    /**
     * Attaches an adapter from a PEFT folder, {@code adapter_config.json} and {@code adapter_model.safetensors}, to the
     * graph it was trained on.
     *
     * @throws IOException if the folder can't be read, does not fit the graph, or was trained on another base
     */
    public static AdaptedGraph load(SameDiff graph, Path folder) throws IOException {
        return AdaptedGraph.load(graph, folder, false, builder -> builder);
    }

    /**
     * Attaches an adapter as {@link #load(SameDiff, Path)}, to be trained on with other settings than the file's, for
     * example {@code builder -> builder.lambda(8)}: PEFT's files hold no lambda.
     *
     * @param change changes lambda, headRate, dropout or seed; rank, alpha, targets and modules to save are the file's
     * @throws IOException if the folder can't be read, does not fit the graph, or was trained on another base
     * @throws IllegalArgumentException if rank, alpha, targets or modules to save are changed
     */
    public static AdaptedGraph load(SameDiff graph, Path folder, UnaryOperator<LoraConfig.Builder> change)
            throws IOException {
        return AdaptedGraph.load(graph, folder, false, change);
    }

    /**
     * Attaches an adapter from a PEFT folder, {@code adapter_config.json} and {@code adapter_model.safetensors}, to a
     * network with the weights it was trained on, which is not changed.
     *
     * <p>Modules are layers by their names, or their index where they have none. Dense, output and convolution layers
     * have PEFT's keys and layout; other parameters have the key {@code <layer>.<parameter>}.
     *
     * @throws IOException if the folder can't be read, does not fit the network, or was trained on another base
     * @throws IllegalArgumentException if the network can't be adapted as {@link #attach(MultiLayerNetwork, LoraConfig)}
     *     says
     */
    public static AdaptedNetwork<MultiLayerNetwork> load(MultiLayerNetwork base, Path folder) throws IOException {
        return load(base, folder, builder -> builder);
    }

    /**
     * Attaches an adapter as {@link #load(MultiLayerNetwork, Path)}, to be trained on with other settings than the
     * file's.
     *
     * @param change changes lambda, headRate, dropout or seed; rank, alpha, targets and modules to save are the file's
     * @throws IOException as {@link #load(MultiLayerNetwork, Path)}
     * @throws IllegalArgumentException if rank, alpha, targets or modules to save are changed, or the network can't be
     *     adapted
     */
    public static AdaptedNetwork<MultiLayerNetwork> load(
            MultiLayerNetwork base, Path folder, UnaryOperator<LoraConfig.Builder> change) throws IOException {
        return AdaptedNetwork.load(base, folder, false, change, NetworkOptions.defaults());
    }

    /**
     * Attaches an adapter as {@link #load(MultiLayerNetwork, Path)}, on whatever base it was trained.
     *
     * @throws IOException if the folder can't be read or does not fit the network
     * @throws IllegalArgumentException if the network can't be adapted
     */
    public static AdaptedNetwork<MultiLayerNetwork> loadOntoAnyBase(MultiLayerNetwork base, Path folder)
            throws IOException {
        return AdaptedNetwork.load(base, folder, true, builder -> builder, NetworkOptions.defaults());
    }

    /**
     * Attaches an adapter to a graph of layers as {@link #load(MultiLayerNetwork, Path)}; modules are layers by the
     * names of their vertices.
     *
     * @throws IOException if the folder can't be read, does not fit the graph, or was trained on another base
     * @throws IllegalArgumentException if the graph can't be adapted as {@link #attach(ComputationGraph, LoraConfig)}
     *     says
     */
    public static AdaptedNetwork<ComputationGraph> load(ComputationGraph base, Path folder) throws IOException {
        return load(base, folder, builder -> builder);
    }

    /**
     * Attaches an adapter as {@link #load(ComputationGraph, Path)}, to be trained on with other settings than the
     * file's.
     *
     * @param change changes lambda, headRate, dropout or seed; rank, alpha, targets and modules to save are the file's
     * @throws IOException as {@link #load(ComputationGraph, Path)}
     * @throws IllegalArgumentException if rank, alpha, targets or modules to save are changed, or the graph can't be
     *     adapted
     */
    public static AdaptedNetwork<ComputationGraph> load(
            ComputationGraph base, Path folder, UnaryOperator<LoraConfig.Builder> change) throws IOException {
        return AdaptedNetwork.load(base, folder, false, change, NetworkOptions.defaults());
    }

    /**
     * Attaches an adapter as {@link #load(ComputationGraph, Path)}, on whatever base it was trained.
     *
     * @throws IOException if the folder can't be read or does not fit the graph
     * @throws IllegalArgumentException if the graph can't be adapted
     */
    public static AdaptedNetwork<ComputationGraph> loadOntoAnyBase(ComputationGraph base, Path folder)
            throws IOException {
        return AdaptedNetwork.load(base, folder, true, builder -> builder, NetworkOptions.defaults());
    }

    /**
     * Attaches an adapter from a PEFT folder as {@link #load(SameDiff, Path)}, on whatever base it was trained.
     *
     * @throws IOException if the folder can't be read or does not fit the graph
     */
    public static AdaptedGraph loadOntoAnyBase(SameDiff graph, Path folder) throws IOException {
        return AdaptedGraph.load(graph, folder, true, builder -> builder);
    }
}
