package dev.loraplus.math;

import dev.loraplus.Adapter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Draws factors whose product is zero though neither is, as PEFT's {@code LoraLayer.orthogonal_init}. */
final class OrthogonalInit {
    /** What PEFT divides both factors by. */
    private static final double SHRINK = 10;

    private OrthogonalInit() {}

    /**
     * Returns A = X &middot; Q<sub>odd</sub> / 10 and B = Q<sub>even</sub><sup>T</sup> &middot; Y / 10 with X
     * {@code [nIn, r/2]} and Y {@code [r/2, nOut]} from N(0, 1) and the rows of an orthogonal Q {@code [r, r]}.
     *
     * @throws IllegalArgumentException if the rank is odd
     */
    static Adapter.Factors factors(String name, long nIn, long rank, long nOut, DataType type, long seed) {
        if (rank % 2 != 0) {
            throw new IllegalArgumentException("The rank of '" + name
                    + "' must be even for the initialization ORTHOGONAL, as in PEFT, got " + rank + ".");
        }
        INDArray q = orthonormalRows(AdapterInit.normal(name + "/q", rank, rank, 1, DataType.DOUBLE, seed));
        INDArray x = AdapterInit.normal(name + "/a", nIn, rank / 2, 1 / SHRINK, DataType.DOUBLE, seed);
        INDArray y = AdapterInit.normal(name + "/b", rank / 2, nOut, 1 / SHRINK, DataType.DOUBLE, seed);
        int[] odd = new int[(int) rank / 2];
        int[] even = new int[(int) rank / 2];
        for (int i = 0; i < odd.length; i++) {
            odd[i] = 2 * i;
            even[i] = 2 * i + 1;
        }
        return new Adapter.Factors(
                x.mmul(q.getRows(odd)).castTo(type).dup('c'),
                q.getRows(even).transpose().mmul(y).castTo(type).dup('c'));
    }

    /** Makes the rows orthonormal in place, by Gram and Schmidt done twice, which is as good as any other way. */
    private static INDArray orthonormalRows(INDArray rows) {
        for (int i = 0; i < rows.rows(); i++) {
            INDArray row = rows.getRow(i);
            for (int pass = 0; pass < 2; pass++) {
                for (int j = 0; j < i; j++) {
                    INDArray other = rows.getRow(j);
                    row.subi(other.mul(row.mul(other).sumNumber().doubleValue()));
                }
            }
            row.divi(row.norm2Number().doubleValue());
        }
        return rows;
    }
}
