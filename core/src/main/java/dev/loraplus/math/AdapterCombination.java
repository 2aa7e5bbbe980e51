package dev.loraplus.math;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.LoraConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Combines adapters of one base into a new one, as PEFT's {@code add_weighted_adapter} does. Thread-safe; the adapters
 * are not changed.
 *
 * <p>With s the scaling of an adapter at a weight and w its number here, the wanted change is the sum of w &middot; s
 * &middot; A &middot; B over the adapters that adapt the weight. The new adapter has alpha = rank, that is a scaling of 1,
 * no patterns, and the first adapter's lambda, dropout and seed. It takes over the fully trained variables of an adapter,
 * if no other has the same one. PEFT leaves rsLoRA on, which makes its combinations of such adapters &radic;rank times too
 * large; here it is off.
 *
 * @since 0.1.0
 */
public final class AdapterCombination {
    /**
     * An adapter and its share.
     *
     * @param adapter of plain LoRA
     * @param weight what its change is multiplied by, finite; may be negative
     */
    public record Weighted(Adapter adapter, double weight) {}

    private final List<Weighted> parts;

    private AdapterCombination(List<Weighted> parts) {
        this.parts = List.copyOf(parts);
        requireCombinable();
    }

    /**
     * Adds up the factors themselves: A is the sum of sign(w &middot; s) &radic;|w &middot; s| &middot; A and B that of
     * &radic;|w &middot; s| &middot; B, of the common rank (PEFT: {@code linear}). The product has mixed terms, so that
     * this is a rough approximation of the wanted change, and exact for one adapter.
     *
     * @throws IllegalArgumentException if there is no adapter, ranks differ, or the adapters can't be combined
     */
    public static Adapter linear(List<Weighted> adapters) {
        AdapterCombination combination = new AdapterCombination(adapters);
        int[] ranks = combination.ranks();
        if (Arrays.stream(ranks).distinct().count() != 1) {
            throw new IllegalArgumentException("A linear combination needs adapters of one rank, got "
                    + Arrays.toString(ranks) + "; use cat or svd.");
        }
        return combination.combined(ranks[0], AdapterCombination::sum);
    }

    /**
     * Puts the factors side by side, which gives the wanted change exactly at the sum of the ranks (PEFT: {@code cat}).
     *
     * @throws IllegalArgumentException if there is no adapter, or the adapters can't be combined
     */
    public static Adapter cat(List<Weighted> adapters) {
        AdapterCombination combination = new AdapterCombination(adapters);
        return combination.combined(Arrays.stream(combination.ranks()).sum(), AdapterCombination::sideBySide);
    }

    /**
     * Takes the largest singular values of the wanted change, its best approximation of a rank (PEFT: {@code svd}, without
     * clamping): A has orthonormal columns, B takes the values.
     *
     * @param rank the rank, at least 1; empty is the largest rank of the adapters
     * @throws IllegalArgumentException if there is no adapter, the rank is below 1, or the adapters can't be combined
     */
    public static Adapter svd(List<Weighted> adapters, OptionalInt rank) {
        AdapterCombination combination = new AdapterCombination(adapters);
        int largest = Arrays.stream(combination.ranks()).max().orElseThrow();
        int chosen = rank.orElse(largest);
        if (chosen < 1) {
            throw new IllegalArgumentException("rank must be at least 1, got " + chosen + ".");
        }
        return combination.combined(chosen, shares -> truncated(sideBySide(shares), chosen));
    }

    /** What one adapter has at a weight, in DOUBLE; {@code factor} is w &middot; s, {@code type} the adapter's own. */
    private record Share(INDArray a, INDArray b, double factor, DataType type) {}

    /** Turns shares in DOUBLE into the factors of one weight. */
    @FunctionalInterface
    private interface Method {
        Factors of(List<Share> shares);
    }

    private static Factors sum(List<Share> shares) {
        INDArray a = Nd4j.zeros(DataType.DOUBLE, shares.get(0).a().shape());
        INDArray b = Nd4j.zeros(DataType.DOUBLE, shares.get(0).b().shape());
        for (Share share : shares) {
            double root = Math.sqrt(Math.abs(share.factor()));
            a.addi(share.a().mul(Math.copySign(root, share.factor())));
            b.addi(share.b().mul(root));
        }
        return new Factors(a, b);
    }

    private static Factors sideBySide(List<Share> shares) {
        INDArray[] a =
                shares.stream().map(share -> share.a().mul(share.factor())).toArray(INDArray[]::new);
        INDArray[] b = shares.stream().map(Share::b).toArray(INDArray[]::new);
        return new Factors(Nd4j.concat(1, a), Nd4j.concat(0, b));
    }

    private static Factors truncated(Factors whole, int rank) {
        LowRankSvd svd = LowRankSvd.of(whole.a(), whole.b());
        int kept = Math.min(rank, svd.values().length);
        double[][] right = Arrays.copyOf(svd.v(), kept);
        for (int i = 0; i < kept; i++) {
            Columns.scale(right[i], svd.values()[i]);
        }
        return new Factors(
                Columns.toMatrix(svd.u(), kept, DataType.DOUBLE),
                Columns.toMatrix(right, kept, DataType.DOUBLE).transpose());
    }

    private Adapter combined(int rank, Method method) {
        Map<String, Factors> factors = new LinkedHashMap<>();
        for (String weight : weights()) {
            List<Share> shares = shares(weight);
            requireFits(weight, shares);
            factors.put(weight, padded(method.of(shares), rank, shares.get(0).type()));
        }
        Map<String, Saved> saved = new LinkedHashMap<>();
        parts.forEach(part -> saved.putAll(part.adapter().saved()));
        return new Adapter(config(rank, factors.keySet(), saved.keySet()), factors, saved, Map.of()).copy();
    }

    private List<Share> shares(String weight) {
        List<Share> shares = new ArrayList<>();
        for (Weighted part : parts) {
            Factors pair = part.adapter().factors().get(weight);
            if (pair != null) {
                shares.add(new Share(
                        pair.a().castTo(DataType.DOUBLE),
                        pair.b().castTo(DataType.DOUBLE),
                        part.weight() * part.adapter().config().scalingOf(weight),
                        pair.a().dataType()));
            }
        }
        return shares;
    }

    /** Returns factors of exactly this rank: PEFT fills what is missing with zeros. */
    private static Factors padded(Factors pair, int rank, DataType type) {
        long missing = rank - pair.a().size(1);
        if (missing == 0) {
            return new Factors(pair.a().castTo(type), pair.b().castTo(type));
        }
        INDArray a = Nd4j.zeros(DataType.DOUBLE, pair.a().size(0), missing);
        INDArray b = Nd4j.zeros(DataType.DOUBLE, missing, pair.b().size(1));
        return new Factors(
                Nd4j.concat(1, pair.a(), a).castTo(type),
                Nd4j.concat(0, pair.b(), b).castTo(type));
    }

    private LoraConfig config(int rank, Set<String> weights, Set<String> saved) {
        LoraConfig first = parts.get(0).adapter().config();
        LoraConfig.Builder builder = LoraConfig.builder()
                .rank(rank)
                .alpha(rank)
                .lambda(first.lambda())
                .dropout(first.dropout())
                .seed(first.seed())
                .targets(weights.toArray(String[]::new))
                .modulesToSave(saved.toArray(String[]::new));
        if (!saved.isEmpty()) {
            first.headRate().ifPresent(builder::headRate);
        }
        first.embeddingRate().ifPresent(builder::embeddingRate);
        return builder.build();
    }

    /** Returns each adapter's largest rank. */
    private int[] ranks() {
        return parts.stream()
                .map(part -> part.adapter().config())
                .mapToInt(config -> IntStream.concat(
                                IntStream.of(config.rank()),
                                config.rankPattern().values().stream().mapToInt(Integer::intValue))
                        .max()
                        .orElseThrow())
                .toArray();
    }

    private Set<String> weights() {
        return parts.stream()
                .flatMap(part -> part.adapter().factors().keySet().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private void requireCombinable() {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("A combination needs at least one adapter, got none.");
        }
        Set<String> saved = new LinkedHashSet<>();
        for (Weighted part : parts) {
            LoraConfig config = part.adapter().config();
            if (!Double.isFinite(part.weight())) {
                throw new IllegalArgumentException(
                        "The weight of an adapter must be finite, got " + part.weight() + ".");
            }
            if (config.dora() || config.loraBias() || config.initialization().changesBase()) {
                throw new IllegalArgumentException("Only factors add up; DoRA, a bias on B and starts that change the "
                        + "base, as PiSSA and OLoRA, can't be combined, got " + config
                        + ". Merge that adapter instead.");
            }
            List<String> idle = config.idlePatterns(part.adapter().factors().keySet());
            if (!idle.isEmpty()) {
                throw new IllegalArgumentException("Patterns must fit the names of the adapted weights, "
                        + part.adapter().factors().keySet() + ", but these fit none: " + idle
                        + "; in a network they fit layers. Combine adapters without patterns.");
            }
            part.adapter().saved().forEach((name, variable) -> {
                if (variable.biasOf() != null || !saved.add(name)) {
                    throw new IllegalArgumentException("Fully trained variables can't be combined, but '" + name
                            + "' is " + (variable.biasOf() != null ? "a trained bias" : "trained by two adapters")
                            + "; combine adapters without it.");
                }
            });
        }
    }

    private static void requireFits(String weight, List<Share> shares) {
        long nIn = shares.get(0).a().size(0);
        long nOut = shares.get(0).b().size(1);
        for (Share share : shares) {
            if (share.a().size(0) != nIn || share.b().size(1) != nOut) {
                throw new IllegalArgumentException("The adapters are of different bases: factors of '" + weight
                        + "' have shapes " + Arrays.toString(share.a().shape()) + " and "
                        + Arrays.toString(share.b().shape()) + ", expected [" + nIn + ", r] and [r, " + nOut + "].");
            }
        }
    }
}
