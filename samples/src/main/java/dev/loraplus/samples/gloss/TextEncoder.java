package dev.loraplus.samples.gloss;

import java.util.List;

/**
 * Turns texts into token numbers.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface TextEncoder {
    /**
     * Encodes the texts, unpadded.
     *
     * @param maxLength the most tokens of a text; a longer one loses those before the last, [SEP]
     * @return one array per text: the number of [CLS], those of its tokens, the number of [SEP]
     */
    List<int[]> encode(List<String> texts, int maxLength);
}
