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
 * @since 0.1.0
 */
public interface AdaptedModel {

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
     * Adds scaling &middot; A &middot; B to each weight, in place, and takes the adapter out of the model, which is then
     * a plain one; keeps the originals, so that {@link #unmerge()} can bring them back.
     *
     * @throws IllegalStateException if the model is merged, disabled or detached
     * @throws ArithmeticException if a merged weight would not be finite; nothing is changed then
     */
    default void merge() {
        merge(true);
    }

    /**
     * Merges as {@link #merge()}, and drops the originals if {@code keepBase} is false, so that it can't be undone.
     *
     * @throws IllegalStateException if the model is merged, disabled or detached
     * @throws ArithmeticException if a merged weight would not be finite; nothing is changed then
     */
    void merge(boolean keepBase);

    /**
     * Restores the original weights bit for bit and attaches the adapter again.
     *
     * @throws IllegalStateException if the model is not merged, or was merged without keeping its base
     */
    void unmerge();

    /** Returns whether the adapter is merged into the weights. */
    boolean isMerged();

    /**
     * Makes the model compute as its base does, fully trained variables included, until the returned handle is closed.
     * Re-entrant: the adapter is back when the last handle is closed.
     *
     * @throws IllegalStateException if the model is merged or detached
     */
    Disabled disable();

    /**
     * Takes the adapter off and leaves the model exactly as it was before it was attached.
     *
     * @throws IllegalStateException if the model is disabled or detached, or was merged without keeping its base
     */
    void detach();

    /** Returns a readable list of the adapted weights, the form of each use, and how much is trained. */
    String describe();

    /** Enables the adapter again when closed; closing it twice is the same as once. */
    interface Disabled extends AutoCloseable {
        @Override
        void close();
    }
}
