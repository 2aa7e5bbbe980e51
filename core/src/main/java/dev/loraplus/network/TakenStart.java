package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Takes out of a weight what its factors started from, A<sub>0</sub> and B<sub>0</sub>, as PiSSA and OLoRA ask for: the
 * layer computes with W - scaling &middot; A<sub>0</sub> &middot; B<sub>0</sub> + scaling &middot; A &middot; B, and W itself
 * stays shared with the base.
 *
 * @param pair A<sub>0</sub> {@code [nIn, r]} and B<sub>0</sub> {@code [r, nOut]}, which are not trained
 * @param scaling what their product is multiplied by
 */
record TakenStart(Factors pair, double scaling) {

    /** Takes it out of W {@code [nIn, nOut]}, in place. */
    void from(INDArray weight) {
        Gemm.add(pair.a(), pair.b(), -scaling, weight);
    }

    /**
     * Takes it out of a product with W, in place.
     *
     * @param product x &middot; W {@code [b, nOut]}
     * @param x the input {@code [b, nIn]}
     * @param h memory to work in {@code [b, r]}
     */
    void fromProduct(INDArray product, INDArray x, INDArray h) {
        Gemm.set(x, pair.a(), 1, h);
        Gemm.add(h, pair.b(), -scaling, product);
    }

    /**
     * Takes it out of the gradient at the input, in place.
     *
     * @param epsilon delta &middot; W<sup>T</sup> {@code [b, nIn]}
     * @param delta the gradient at the product {@code [b, nOut]}
     * @param dh memory to work in {@code [b, r]}
     */
    void fromInputGradient(INDArray epsilon, INDArray delta, INDArray dh) {
        Gemm.setRight(delta, pair.b(), -scaling, dh);
        Gemm.addRight(dh, pair.a(), 1, epsilon);
    }

    /**
     * Takes it out of the sums over the inputs of dW &#8857; W, in place.
     *
     * @param sums {@code [nOut]}
     * @param dW a gradient at the weight {@code [nIn, nOut]}
     */
    void fromInnerProducts(INDArray sums, INDArray dW) {
        sums.subi(pair.a().transpose().mmul(dW).muli(pair.b()).sum(0).muli(scaling));
    }

    /** Returns factors {@code [nIn, 2r]} and {@code [2r, nOut]} of A &middot; B - A<sub>0</sub> &middot; B<sub>0</sub>. */
    Factors outOf(Factors live) {
        return new Factors(
                Nd4j.hstack(live.a(), pair.a()), Nd4j.vstack(live.b(), pair.b().neg()), live.bias(), live.magnitude());
    }
}
