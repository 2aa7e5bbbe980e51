package dev.loraplus;

import dev.loraplus.samediff.AdaptedGraph;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Attaches adapters to models: the place to start.
 *
 * <p>Each method changes the model it is given in place, or, on any error, not at all.
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
     * Attaches an adapter from a PEFT folder as {@link #load(SameDiff, Path)}, on whatever base it was trained.
     *
     * @throws IOException if the folder can't be read or does not fit the graph
     */
    public static AdaptedGraph loadOntoAnyBase(SameDiff graph, Path folder) throws IOException {
        return AdaptedGraph.load(graph, folder, true, builder -> builder);
    }
}
