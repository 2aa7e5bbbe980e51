package dev.loraplus.samples.gloss;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Iterates over glosses in batches of like length: features input ids {@code [b, t]} INT and attention mask
 * {@code [b, t]} FLOAT, labels {@code [b, 45]} one-hot FLOAT.
 *
 * <p>Every gloss comes once per pass, and all batches but one are full: {@code n} glosses give
 * {@code ceil(n / batchSize)} batches. Arrays are fresh for each batch. Not thread-safe.
 *
 * @since 0.1.0
 */
@SuppressWarnings("serial") // MultiDataSetIterator is serializable for Spark; this one stays in its process.
public final class GlossBatches implements MultiDataSetIterator {
    /** Plans the batches of one pass. */
    private interface Plan {
        List<LengthBuckets.Batch> of(int pass);
    }

    private final TokenizedGlosses glosses;
    private final Plan plan;
    private List<LengthBuckets.Batch> batches;
    private int pass = 0;
    private int next = 0;
    private @Nullable MultiDataSetPreProcessor preProcessor;

    private GlossBatches(TokenizedGlosses glosses, Plan plan) {
        this.glosses = glosses;
        this.plan = plan;
        batches = plan.of(pass);
    }

    /**
     * Iterates in random order, another one in each pass; the same seed gives the same passes.
     *
     * @param batchSize at least 1
     * @throws IllegalArgumentException if the batch size is below 1
     */
    public static GlossBatches training(TokenizedGlosses glosses, int batchSize, long seed) {
        requirePositive(batchSize);
        int[] lengths = glosses.lengths();
        return new GlossBatches(
                glosses, pass -> LengthBuckets.shuffled(lengths, batchSize, new Random(31 * seed + pass)));
    }

    /**
     * Iterates from short to long, always in the same order.
     *
     * @param batchSize at least 1
     * @throws IllegalArgumentException if the batch size is below 1
     */
    public static GlossBatches evaluation(TokenizedGlosses glosses, int batchSize) {
        requirePositive(batchSize);
        List<LengthBuckets.Batch> sorted = LengthBuckets.sorted(glosses.lengths(), batchSize);
        return new GlossBatches(glosses, pass -> sorted);
    }

    /** Returns how many batches a pass has. */
    public int batchesPerPass() {
        return batches.size();
    }

    @Override
    public boolean hasNext() {
        return next < batches.size();
    }

    @Override
    public MultiDataSet next() {
        if (!hasNext()) {
            throw new NoSuchElementException("The pass over the glosses is over; call reset() for the next one.");
        }
        MultiDataSet batch = glosses.dataSet(batches.get(next++));
        if (preProcessor != null) {
            preProcessor.preProcess(batch);
        }
        return batch;
    }

    /** Starts the next pass; does nothing before the first batch of a pass. */
    @Override
    public void reset() {
        if (next > 0) {
            pass++;
            next = 0;
            batches = plan.of(pass);
        }
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    /** Returns false: batches are made from memory in far less time than a step takes. */
    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public MultiDataSet next(int num) {
        throw new UnsupportedOperationException("GlossBatches has one batch size; next(" + num + ") can't change it.");
    }

    @Override
    public void setPreProcessor(@Nullable MultiDataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public @Nullable MultiDataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }

    private static void requirePositive(int batchSize) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batchSize must be at least 1, got " + batchSize + ".");
        }
    }
}
