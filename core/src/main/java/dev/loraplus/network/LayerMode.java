package dev.loraplus.network;

/** Says what training does with a wrapped layer. */
enum LayerMode {
    /** The base is frozen; some of its weights have factors, which are trained. */
    ADAPTED,
    /** Nothing is trained. */
    FROZEN,
    /** All of the layer's own parameters are trained, as a module to save. */
    TRAINED
}
