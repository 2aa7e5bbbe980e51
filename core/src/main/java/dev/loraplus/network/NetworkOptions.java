package dev.loraplus.network;

import java.util.Objects;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.jspecify.annotations.Nullable;

/**
 * Holds what attaching to a network can be told besides the configuration of the adapter. Immutable; as thread-safe as
 * the fine-tuning configuration.
 *
 * @param storage where the frozen base weights are kept
 * @param fineTune what to change in every layer for the training of the adapter, for example its updater and weight
 *     decay; {@code null} keeps what the base was trained with. Updaters, regularization, gradient normalization,
 *     dropout and weight noise apply; settings that can't (activation, weight init, those of the whole network, and
 *     those of biases and constraints without modules to save) are refused by attaching. Merging and detaching bring
 *     the original settings back
 * @since 0.1.0
 */
public record NetworkOptions(Storage storage, @Nullable FineTuneConfiguration fineTune) {

    /**
     * Creates options.
     *
     * @throws NullPointerException if {@code storage} is {@code null}
     */
    public NetworkOptions {
        Objects.requireNonNull(storage, "storage must not be null");
    }

    /** Returns external storage and the base's own training settings. */
    public static NetworkOptions defaults() {
        return new NetworkOptions(Storage.EXTERNAL, null);
    }

    /** Returns these options with another storage. */
    public NetworkOptions withStorage(Storage value) {
        return new NetworkOptions(value, fineTune);
    }

    /** Returns these options with training settings for every layer. */
    public NetworkOptions withFineTune(FineTuneConfiguration value) {
        return new NetworkOptions(storage, value);
    }
}
