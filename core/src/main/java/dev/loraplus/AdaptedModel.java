package dev.loraplus;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The live handle on a model with an adapter attached.
 *
 * <p>States: attached &rarr; (merged &rlarr; attached) &rarr; detached. While attached, the model computes with
 * W + scaling &middot; A &middot; B and everything but the adapter is frozen. A call that the state does not allow throws
 * {@link IllegalStateException} and changes nothing. Not thread-safe.
 *
 * <table>
 * <caption>What each verb returns, and what it changes</caption>
 * <tr><th>verb</th><th>SameDiff graph</th><th>MultiLayerNetwork, ComputationGraph</th></tr>
 * <tr><td>attach</td><td>the handle; the graph is changed in place</td>
 *     <td>the handle of a new network that shares the base's weights; the base is not changed</td></tr>
 * <tr><td>{@link #model()}</td><td>the graph</td><td>the adapted network, never the base</td></tr>
 * <tr><td>{@link #merge()}</td><td>the graph, changed in place</td>
 *     <td>a new plain network of the original layers; nothing is changed</td></tr>
 * <tr><td>{@link #unmerge()}</td><td>the graph, restored bit for bit and adapted again</td>
 *     <td>the adapted network; nothing is changed</td></tr>
 * <tr><td>{@link #detach()}</td><td>the graph, as it was before attaching</td>
 *     <td>a new plain network equal to the base; nothing is changed</td></tr>
 * <tr><td>{@link #disable()}</td><td colspan="2">a handle; the model computes as its base until it is closed</td></tr>
 * </table>
 *
 * @param <M> the kind of model: SameDiff, MultiLayerNetwork or ComputationGraph
 * @since 0.1.0
 */
public interface AdaptedModel<M> {

    /** Returns the model that holds the adapter. */
    M model();

    /** Returns the configuration that the adapter was made with. */
    LoraConfig config();

    /**
     * Returns the adapter as data: its factors, its fully trained variables and its provenance. The arrays are the live
     * ones, not copies.
     */
    Adapter adapter();

    /**
     * Writes the adapter to a folder as PEFT does: {@code adapter_config.json} and {@code adapter_model.safetensors}.
     * Each file is written under a temporary name and then moved, so that a failure keeps what was there.
     *
     * @throws IOException if the folder can't be written
     */
    void save(Path folder) throws IOException;

    /**
     * Adds scaling &middot; A &middot; B to each adapted weight and returns a plain model, without adapter.
     *
     * @throws IllegalStateException if the model is merged, disabled or detached
     * @throws ArithmeticException if a merged weight would not be finite; nothing is changed then
     */
    M merge();

    /**
     * Returns the model with the adapter attached and its original weights, after {@link #merge()}.
     *
     * @throws IllegalStateException if the state does not allow it
     */
    M unmerge();

    /**
     * Makes the model compute as its base does, fully trained variables included, until the returned handle is closed.
     * Re-entrant: the adapter is back when the last handle is closed.
     *
     * @throws IllegalStateException if the model is merged or detached
     */
    Disabled disable();

    /**
     * Returns a plain model exactly as it was before the adapter was attached.
     *
     * @throws IllegalStateException if the model is disabled or detached, or was merged without keeping its base
     */
    M detach();

    /**
     * Returns what is trained and frozen, and for each adapted weight how it is used and how far it is changed. The report
     * prints as a text and as JSON; it is of this moment and does not follow the model.
     */
    AdapterReport describe();

    /** Enables the adapter again when closed; closing it twice is the same as once. */
    interface Disabled extends AutoCloseable {
        @Override
        void close();
    }
}
