package dev.loraplus.network;

/**
 * Says where an adapted network keeps its frozen base weights.
 *
 * @since 0.1.0
 */
public enum Storage {
    /**
     * In the {@link BaseWeightStore}, shared with the base and with every copy: the network's parameters, gradients,
     * updater state and files hold what is trained, and what PiSSA or OLoRA took out of the weights, and nothing else.
     */
    EXTERNAL,
    /**
     * In the network's own parameters, with a gradient of zero and no updater state: its files need no base, and the
     * effective weights of layers other than dense ones and embeddings are rebuilt at every pass.
     */
    EMBEDDED
}
