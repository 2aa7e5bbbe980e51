package dev.loraplus.samples.gloss;

import dev.loraplus.models.TokenBatch;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds glosses as token numbers with their labels. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class TokenizedGlosses {
    /** How many tokens of a text are used, [CLS] and [SEP] counted. */
    public static final int MAX_TOKENS = 32;

    private final List<int[]> sequences;
    private final List<Gloss> glosses;

    private TokenizedGlosses(List<int[]> sequences, List<Gloss> glosses) {
        this.sequences = sequences;
        this.glosses = glosses;
    }

    /**
     * Encodes all glosses in one call, cut at {@link #MAX_TOKENS}.
     *
     * @throws IllegalStateException if the encoder returns another number of sequences, or one that lacks its two ends
     *     or is not cut
     */
    public static TokenizedGlosses of(List<Gloss> glosses, TextEncoder encoder) {
        List<int[]> sequences = encoder.encode(glosses.stream().map(Gloss::text).toList(), MAX_TOKENS);
        if (sequences.size() != glosses.size()) {
            throw new IllegalStateException(
                    "The encoder returned " + sequences.size() + " sequences for " + glosses.size() + " texts.");
        }
        for (int i = 0; i < sequences.size(); i++) {
            int tokens = sequences.get(i).length;
            if (tokens < 2 || tokens > MAX_TOKENS) {
                throw new IllegalStateException("The encoder must return 2 to " + MAX_TOKENS + " tokens, got " + tokens
                        + " for '" + glosses.get(i).text() + "'.");
            }
        }
        return new TokenizedGlosses(List.copyOf(sequences), List.copyOf(glosses));
    }

    /** Returns the first {@code count} of them, or all if there are fewer. */
    public TokenizedGlosses first(int count) {
        int end = Math.min(count, size());
        return new TokenizedGlosses(sequences.subList(0, end), glosses.subList(0, end));
    }

    /** Returns how many glosses there are. */
    public int size() {
        return glosses.size();
    }

    /** Returns the glosses, in the order given. */
    public List<Gloss> glosses() {
        return glosses;
    }

    /** Returns the number of tokens of each gloss. */
    int[] lengths() {
        return sequences.stream().mapToInt(ids -> ids.length).toArray();
    }

    /** Returns a batch as features {@code [ids, mask]} and one-hot FLOAT labels {@code [b, 45]}. */
    MultiDataSet dataSet(LengthBuckets.Batch batch) {
        float[][] labels = new float[batch.members().size()][Supersenses.count()];
        List<int[]> rows = new ArrayList<>(labels.length);
        for (int member : batch.members()) {
            labels[rows.size()][glosses.get(member).label()] = 1;
            rows.add(sequences.get(member));
        }
        TokenBatch tokens = TokenBatch.of(rows, batch.length());
        return new MultiDataSet(
                new INDArray[] {tokens.inputIds(), tokens.attentionMask()},
                new INDArray[] {Nd4j.createFromArray(labels)});
    }
}
