package dev.loraplus.samples.gloss;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds token sequences as the two inputs of an encoder.
 *
 * @param inputIds {@code [b, t]} INT, padded on the right with 0, which is [PAD]
 * @param attentionMask {@code [b, t]} FLOAT, 1 at tokens and 0 at padding
 */
record TokenBatch(INDArray inputIds, INDArray attentionMask) {
    /** Pads sequences of at most {@code length} tokens to that length. */
    static TokenBatch of(List<int[]> sequences, int length) {
        int[][] ids = new int[sequences.size()][];
        float[][] mask = new float[sequences.size()][length];
        for (int row = 0; row < ids.length; row++) {
            int[] sequence = sequences.get(row);
            ids[row] = Arrays.copyOf(sequence, length);
            Arrays.fill(mask[row], 0, sequence.length, 1f);
        }
        return new TokenBatch(Nd4j.createFromArray(ids), Nd4j.createFromArray(mask));
    }
}
