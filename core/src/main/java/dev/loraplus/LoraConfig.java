package dev.loraplus;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Holds what an adapter is to be: rank, scale, learning-rate ratio, targets and start values. Immutable and thread-safe.
 *
 * <p>An adapted weight acts as W + scaling &middot; A &middot; B with scaling = alpha / rank; B learns at lambda times the
 * learning rate of A (arXiv 2402.12354 &sect;4). Patterns give single modules a rank, alpha or lambda of their own.
 *
 * @since 0.1.0
 */
public final class LoraConfig {
    private final ConfigValues values;

    private LoraConfig(ConfigValues values) {
        this.values = values;
    }

    /** Starts a configuration with every value at its default. */
    public static Builder builder() {
        return new Builder(new ConfigValues());
    }

    /** Starts a configuration with every value as here. */
    public Builder toBuilder() {
        return new Builder(values.copy());
    }

    /** Returns the inner width r of A {@code [nIn, r]} and B {@code [r, nOut]}, where no pattern says otherwise. */
    public int rank() {
        return values.rank;
    }

    /** Returns alpha, the numerator of the scaling, where no pattern says otherwise. */
    public double alpha() {
        return values.alpha;
    }

    /** Returns the factor in front of A &middot; B where no pattern says otherwise: alpha / rank, or alpha / &radic;rank. */
    public double scaling() {
        return scaling(values.alpha, values.rank);
    }

    /** Returns the learning rate of B divided by that of A (PEFT: {@code loraplus_lr_ratio}). */
    public double lambda() {
        return values.lambda;
    }

    /** Returns the rank of an adapted weight, given by its name or module path. */
    public int rankOf(String target) {
        return values.rankPattern.of(ModulePath.of(target), values.rank);
    }

    /** Returns the alpha of an adapted weight, given by its name or module path. */
    public double alphaOf(String target) {
        return values.alphaPattern.of(ModulePath.of(target), values.alpha);
    }

    /** Returns the factor in front of A &middot; B of a weight: its alpha / rank, with rsLoRA its alpha / &radic;rank. */
    public double scalingOf(String target) {
        return scaling(alphaOf(target), rankOf(target));
    }

    /** Returns the lambda of an adapted weight, given by its name or module path. */
    public double lambdaOf(String target) {
        return values.lambdaPattern.of(ModulePath.of(target), values.lambda);
    }

    /** Returns the ranks by pattern, in the order in which they are tried. */
    public Map<String, Integer> rankPattern() {
        return values.rankPattern.values();
    }

    /** Returns the alphas by pattern, in the order in which they are tried. */
    public Map<String, Double> alphaPattern() {
        return values.alphaPattern.values();
    }

    /** Returns the lambdas by pattern, in the order in which they are tried. */
    public Map<String, Double> lambdaPattern() {
        return values.lambdaPattern.values();
    }

    /** Returns the patterns that give none of these adapted weights its rank, alpha or lambda, in words. */
    public List<String> idlePatterns(Collection<String> targets) {
        return Stream.of(
                        idle("rankPattern", values.rankPattern, targets),
                        idle("alphaPattern", values.alphaPattern, targets),
                        idle("lambdaPattern", values.lambdaPattern, targets))
                .flatMap(List::stream)
                .toList();
    }

    /** Returns whether the scaling is alpha / &radic;rank. */
    public boolean rsLora() {
        return values.rsLora;
    }

    /** Returns whether weights are split into magnitude and direction (arXiv 2402.09353). */
    public boolean dora() {
        return values.dora;
    }

    /** Returns which biases of the base are trained. */
    public Bias bias() {
        return values.bias;
    }

    /** Returns whether B has a trained bias. */
    public boolean loraBias() {
        return values.loraBias;
    }

    /** Returns the probability with which an input of the branch is zeroed in training. */
    public double dropout() {
        return values.dropout;
    }

    /** Returns which weights get factors, before layers are selected. */
    public Targets targets() {
        return values.targets;
    }

    /** Returns the layers whose weights get factors; empty means all. */
    public List<Integer> layersToTransform() {
        return values.layers.indices();
    }

    /** Returns what stands before the number of a layer; empty means anything. */
    public List<String> layersPattern() {
        return values.layers.patterns();
    }

    /**
     * Returns the names of the candidates that get factors, in their order: those that {@link #targets()} selects, in
     * {@link #layersToTransform()}.
     *
     * @throws NoMatchingTargetException if targets select nothing, or no selected weight is in one of the layers
     */
    public List<String> resolveTargets(Collection<Targets.Candidate> candidates) {
        List<String> chosen = values.targets.resolve(candidates);
        List<String> included = chosen.stream()
                .filter(name -> values.layers.includes(ModulePath.of(name)))
                .toList();
        if (included.isEmpty() && !chosen.isEmpty()) {
            throw new NoMatchingTargetException("None of the targets " + chosen + " is in layersToTransform "
                    + layersToTransform() + (layersPattern().isEmpty() ? "" : " of layersPattern " + layersPattern())
                    + "; a layer is the first number between dots in a name, after layersPattern if that is set.");
        }
        return included;
    }

    /** Returns the modules or variables that are trained fully, as names or trailing parts of names. */
    public List<String> modulesToSave() {
        return values.modulesToSave;
    }

    /** Returns the absolute learning rate of the modules to save; empty means the rate of A. */
    public OptionalDouble headRate() {
        return values.headRate;
    }

    /** Returns the absolute learning rate of the factors of embeddings; empty means what the grouping says. */
    public OptionalDouble embeddingRate() {
        return values.embeddingRate;
    }

    /** Returns where the factors start. */
    public Initialization initialization() {
        return values.initialization;
    }

    /** Returns the seed of everything that is drawn: start values and dropout masks. */
    public long seed() {
        return values.seed;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraConfig that && values.byName().equals(that.values.byName());
    }

    @Override
    public int hashCode() {
        return values.byName().hashCode();
    }

    @Override
    public String toString() {
        return "LoraConfig" + values.byName();
    }

    private double scaling(double alpha, int rank) {
        return alpha / (values.rsLora ? Math.sqrt(rank) : rank);
    }

    private static List<String> idle(String option, ModulePatterns<?> patterns, Collection<String> targets) {
        List<String> used = targets.stream()
                .map(target -> patterns.keyOf(ModulePath.of(target)))
                .flatMap(Optional::stream)
                .toList();
        return patterns.values().keySet().stream()
                .filter(key -> !used.contains(key))
                .map(key -> option + " '" + key + "'")
                .toList();
    }

    /** Collects the values of a {@link LoraConfig}; values are checked in {@link #build()}. Not thread-safe. */
    public static final class Builder {
        private final ConfigValues values;

        private Builder(ConfigValues values) {
            this.values = values;
        }

        /** Sets the rank: at least 1, default 8. A rank above min(nIn, nOut) of a target is a warning at attach. */
        public Builder rank(int value) {
            values.rank = value;
            return this;
        }

        /** Sets alpha: finite and above 0, default 16. */
        public Builder alpha(double value) {
            values.alpha = value;
            return this;
        }

        /** Sets lambda: finite and above 0, default 16; 1 is plain LoRA; below 1 is a warning. */
        public Builder lambda(double value) {
            values.lambda = value;
            return this;
        }

        /**
         * Gives the modules that fit a pattern a rank of their own (PEFT: {@code rank_pattern}); each call adds one.
         *
         * @param pattern a regular expression for a module path or its trailing part after a dot; the first one given
         *     that fits a module wins. One that gives no target its rank is an error at attach
         * @throws IllegalArgumentException if the pattern is blank or malformed
         */
        public Builder rankPattern(String pattern, int rank) {
            values.rankPattern = values.rankPattern.and("rankPattern", pattern, rank);
            return this;
        }

        /** Gives modules an alpha of their own (PEFT: {@code alpha_pattern}), as {@link #rankPattern}. */
        public Builder alphaPattern(String pattern, double alpha) {
            values.alphaPattern = values.alphaPattern.and("alphaPattern", pattern, alpha);
            return this;
        }

        /** Gives modules a lambda of their own, as {@link #rankPattern}; PEFT has no such option. */
        public Builder lambdaPattern(String pattern, double lambda) {
            values.lambdaPattern = values.lambdaPattern.and("lambdaPattern", pattern, lambda);
            return this;
        }

        /** Sets whether the scaling is alpha / &radic;rank (arXiv 2312.03732); default false. */
        public Builder rsLora(boolean value) {
            values.rsLora = value;
            return this;
        }

        /** Sets whether magnitude and direction of a weight are trained apart (arXiv 2402.09353); default false. */
        public Builder dora(boolean value) {
            values.dora = value;
            return this;
        }

        /** Sets which biases of the base are trained; default {@link Bias#NONE}. */
        public Builder bias(Bias value) {
            values.bias = Objects.requireNonNull(value, "bias must not be null");
            return this;
        }

        /** Sets whether B has a trained bias (PEFT: {@code lora_bias}), which starts at zero; default false. */
        public Builder loraBias(boolean value) {
            values.loraBias = value;
            return this;
        }

        /** Sets the dropout probability on the input of the branch: in [0, 1), default 0. Training only. */
        public Builder dropout(double value) {
            values.dropout = value;
            return this;
        }

        /** Sets which weights get factors; default {@link Targets#allLinear()}. */
        public Builder targets(Targets value) {
            values.targets = Objects.requireNonNull(value, "targets must not be null");
            return this;
        }

        /** Sets the targets by name, as {@link Targets#named(String...)}. */
        public Builder targets(String... names) {
            return targets(Targets.named(names));
        }

        /** Sets the layers whose weights get factors, at least 0 each; default all. Not with a regular expression. */
        public Builder layersToTransform(int... indices) {
            List<Integer> boxed = Arrays.stream(indices).distinct().boxed().toList();
            values.layers = new LayerSelection(boxed, values.layers.patterns());
            return this;
        }

        /** Sets what stands before the number of a layer, as regular expressions; default anything. */
        public Builder layersPattern(String... patterns) {
            values.layers = new LayerSelection(values.layers.indices(), List.of(patterns));
            return this;
        }

        /**
         * Sets the modules or variables that are trained fully, by name or trailing part of a name; default none.
         *
         * @param names for example {@code "classifier"}, which covers {@code classifier.weight} and
         *     {@code classifier.bias}
         */
        public Builder modulesToSave(String... names) {
            values.modulesToSave = List.copyOf(new LinkedHashSet<>(List.of(names)));
            return this;
        }

        /** Sets the absolute learning rate of the modules to save: finite and above 0; default the rate of A. */
        public Builder headRate(double value) {
            values.headRate = OptionalDouble.of(value);
            return this;
        }

        /** Sets the absolute learning rate of the factors of embeddings: finite and above 0; default the grouping's. */
        public Builder embeddingRate(double value) {
            values.embeddingRate = OptionalDouble.of(value);
            return this;
        }

        /** Sets where the factors start; default {@link Initialization#A_RANDOM_B_ZERO}. */
        public Builder initialization(Initialization value) {
            values.initialization = Objects.requireNonNull(value, "initialization must not be null");
            return this;
        }

        /** Sets the seed of start values and dropout masks; default 0. */
        public Builder seed(long value) {
            values.seed = value;
            return this;
        }

        /**
         * Checks every value and returns the configuration.
         *
         * @throws IllegalArgumentException if a value lies outside its range, or values exclude each other; the message
         *     names them, what was got and what is allowed
         */
        public LoraConfig build() {
            values.check();
            return new LoraConfig(values.copy());
        }
    }
}
