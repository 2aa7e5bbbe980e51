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
 * @since 0.1.0
 */
public record TokenBatch(INDArray inputIds, INDArray attentionMask) {
    /** How many tokens of a text are used, [CLS] and [SEP] counted. */
    public static final int MAX_TOKENS = 32;

    /**
     * Encodes texts, cut at {@link #MAX_TOKENS} and padded to the longest.
     *
     * @throws IllegalArgumentException if there are no texts
     */
    public static TokenBatch encode(List<String> texts, TextEncoder encoder) {
        List<int[]> sequences =
                encoder.encode(texts).stream().map(TokenBatch::cut).toList();
        int longest = sequences.stream()
                .mapToInt(ids -> ids.length)
                .max()
                .orElseThrow(() -> new IllegalArgumentException("texts must hold at least one text, got none."));
        return of(sequences, longest);
    }

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

    /** Cuts a sequence at {@link #MAX_TOKENS}, its last token [SEP] kept. */
    static int[] cut(int[] ids) {
        if (ids.length <= MAX_TOKENS) {
            return ids;
        }
        int[] kept = Arrays.copyOf(ids, MAX_TOKENS);
        kept[MAX_TOKENS - 1] = ids[ids.length - 1];
        return kept;
    }
}
