package dev.loraplus.models;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds texts of different lengths as one padded batch.
 *
 * @param inputIds {@code [b, t]}, INT: token numbers, 0 ({@code [PAD]}) where there is no token
 * @param attentionMask {@code [b, t]}, FLOAT: 1 for a token, 0 for padding
 * @since 0.1.0
 */
public record TokenBatch(INDArray inputIds, INDArray attentionMask) {

    /**
     * Pads every text to the longest.
     *
     * @throws IllegalArgumentException if there is no text
     */
    public static TokenBatch of(List<int[]> texts) {
        return of(texts, texts.stream().mapToInt(ids -> ids.length).max().orElse(0));
    }

    /**
     * Pads every text to {@code length} tokens.
     *
     * @throws IllegalArgumentException if there is no text, or one is longer than {@code length}
     */
    public static TokenBatch of(List<int[]> texts, int length) {
        if (texts.isEmpty()) {
            throw new IllegalArgumentException("A batch must hold at least one text, got none.");
        }
        int[][] ids = new int[texts.size()][length];
        float[][] mask = new float[texts.size()][length];
        for (int i = 0; i < ids.length; i++) {
            int[] text = texts.get(i);
            if (text.length > length) {
                throw new IllegalArgumentException("Text " + i + " must have <= " + length + " tokens, got "
                        + text.length + ". Encode it with a smaller maxLength or choose a longer bucket.");
            }
            System.arraycopy(text, 0, ids[i], 0, text.length);
            Arrays.fill(mask[i], 0, text.length, 1f);
        }
        return new TokenBatch(Nd4j.createFromArray(ids), Nd4j.createFromArray(mask));
    }

    /** Returns the arrays by the placeholders of {@link Bert}. */
    public Map<String, INDArray> placeholders() {
        return Map.of(Bert.INPUT_IDS, inputIds, Bert.ATTENTION_MASK, attentionMask);
    }
}
