package dev.loraplus.network;

import org.deeplearning4j.nn.gradient.Gradient;

/** Says how factors get into the computation of a wrapped layer, and how their gradients come out. */
interface WeightPath {

    /** Makes the wrapped layer ready to compute with the current factors. */
    void beforePass();

    /** Makes the wrapped layer ready to compute gradients. */
    void beforeBackward();

    /** Turns the wrapped layer's gradients into those of the factors. */
    void afterBackward(Gradient gradient);
}
