package dev.loraplus.math;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Decomposes A &middot; B = U &middot; diag(values) &middot; V<sup>T</sup> without forming the product
 * {@code [nIn, nOut]}: the factors are reduced by QR, and the small matrix that is left is decomposed.
 *
 * <p>U {@code [nIn, k]} and V {@code [nOut, k]} are arrays of columns, k = min(nIn, nOut, r); values descend.
 */
final class LowRankSvd {
    private final double[][] u;
    private final double[] values;
    private final double[][] v;

    private LowRankSvd(double[][] u, double[] values, double[][] v) {
        this.u = u;
        this.values = values;
        this.v = v;
    }

    /** Decomposes the product of A {@code [nIn, r]} and B {@code [r, nOut]}. */
    static LowRankSvd of(INDArray a, INDArray b) {
        ThinQr left = ThinQr.of(Columns.of(a), Math.toIntExact(a.size(0)));
        ThinQr right = ThinQr.of(Columns.of(b.transpose()), Math.toIntExact(b.size(1)));
        if (left.q().length >= right.q().length) {
            JacobiSvd core = JacobiSvd.of(Columns.timesTransposed(left.r(), right.r()));
            return new LowRankSvd(Columns.times(left.q(), core.u()), core.values(), Columns.times(right.q(), core.v()));
        }
        JacobiSvd core = JacobiSvd.of(Columns.timesTransposed(right.r(), left.r()));
        return new LowRankSvd(Columns.times(left.q(), core.v()), core.values(), Columns.times(right.q(), core.u()));
    }

    double[][] u() {
        return u;
    }

    double[] values() {
        return values;
    }

    double[][] v() {
        return v;
    }
}
