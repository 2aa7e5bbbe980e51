package dev.loraplus.network;

import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/** Multiplies matrices into existing arrays: c = scale &middot; op(a) &middot; op(b), or adds that to c. */
final class Gemm {
    private static final MMulTranspose NONE = MMulTranspose.allFalse();
    private static final MMulTranspose LEFT =
            MMulTranspose.builder().transposeA(true).build();
    private static final MMulTranspose RIGHT =
            MMulTranspose.builder().transposeB(true).build();

    private Gemm() {}

    /** Adds scale &middot; a &middot; b to c. */
    static void add(INDArray a, INDArray b, double scale, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, scale, 1, NONE));
    }

    /** Sets c to scale &middot; a &middot; b. */
    static void set(INDArray a, INDArray b, double scale, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, scale, 0, NONE));
    }

    /** Sets c to scale &middot; a<sup>T</sup> &middot; b. */
    static void setLeft(INDArray a, INDArray b, double scale, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, scale, 0, LEFT));
    }

    /** Sets c to scale &middot; a &middot; b<sup>T</sup>. */
    static void setRight(INDArray a, INDArray b, double scale, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, scale, 0, RIGHT));
    }

    /** Adds scale &middot; a &middot; b<sup>T</sup> to c. */
    static void addRight(INDArray a, INDArray b, double scale, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, scale, 1, RIGHT));
    }
}
