package dev.loraplus.samples.gloss;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Groups examples of like length into batches, so that little is padded and few shapes occur.
 *
 * <p>Lengths are rounded up to a multiple of {@link #STEP}. All batches of a plan are full but one.
 */
final class LengthBuckets {
    /** What padded lengths are multiples of. */
    static final int STEP = 4;

    /**
     * Examples that make one batch.
     *
     * @param members their numbers
     * @param length what they are padded to
     */
    record Batch(List<Integer> members, int length) {}

    private LengthBuckets() {}

    /**
     * Plans one pass over all examples in random order: a bucket per padded length, emptied when it holds a batch; what
     * is left at the end is batched together, and the batches are shuffled.
     */
    static List<Batch> shuffled(int[] lengths, int batchSize, Random random) {
        List<Integer> order =
                IntStream.range(0, lengths.length).boxed().collect(Collectors.toCollection(ArrayList::new));
        Collections.shuffle(order, random);
        TreeMap<Integer, List<Integer>> buckets = new TreeMap<>();
        List<Batch> batches = new ArrayList<>();
        for (int example : order) {
            List<Integer> bucket = buckets.computeIfAbsent(padded(lengths[example]), length -> new ArrayList<>());
            bucket.add(example);
            if (bucket.size() == batchSize) {
                batches.add(new Batch(List.copyOf(bucket), padded(lengths[example])));
                bucket.clear();
            }
        }
        List<Integer> rest = buckets.values().stream().flatMap(List::stream).toList();
        batches.addAll(inTurn(rest, lengths, batchSize));
        Collections.shuffle(batches, random);
        return batches;
    }

    /** Plans one pass over all examples from short to long. */
    static List<Batch> sorted(int[] lengths, int batchSize) {
        List<Integer> order = IntStream.range(0, lengths.length)
                .boxed()
                .sorted(Comparator.comparingInt(example -> lengths[example]))
                .toList();
        return inTurn(order, lengths, batchSize);
    }

    private static List<Batch> inTurn(List<Integer> order, int[] lengths, int batchSize) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < order.size(); from += batchSize) {
            List<Integer> members = List.copyOf(order.subList(from, Math.min(order.size(), from + batchSize)));
            int longest =
                    members.stream().mapToInt(example -> lengths[example]).max().orElse(0);
            batches.add(new Batch(members, padded(longest)));
        }
        return batches;
    }

    private static int padded(int length) {
        return (length + STEP - 1) / STEP * STEP;
    }
}
