package dev.loraplus;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds what an adapter is to be: rank, scale, learning-rate ratio, targets and start values. Immutable and thread-safe.
 *
 * <p>An adapted weight acts as W + (alpha / rank) &middot; A &middot; B; B learns at lambda times the learning rate of A
 * (arXiv 2402.12354 &sect;4). All defaults are written here and nowhere else.
 *
 * @since 0.1.0
 */
public final class LoraConfig {
    private static final Logger LOG = LoggerFactory.getLogger(LoraConfig.class);

    private final int rank;
    private final double alpha;
    private final double lambda;
    private final double dropout;
    private final Targets targets;
    private final List<String> modulesToSave;
    private final OptionalDouble headRate;
    private final Initialization initialization;
    private final long seed;

    private LoraConfig(Builder builder) {
        rank = builder.rank;
        alpha = builder.alpha;
        lambda = builder.lambda;
        dropout = builder.dropout;
        targets = builder.targets;
        modulesToSave = List.copyOf(builder.modulesToSave);
        headRate = builder.headRate;
        initialization = builder.initialization;
        seed = builder.seed;
    }

    /** Starts a configuration with every value at its default. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts a configuration with every value as here. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.rank = rank;
        builder.alpha = alpha;
        builder.lambda = lambda;
        builder.dropout = dropout;
        builder.targets = targets;
        builder.modulesToSave.addAll(modulesToSave);
        builder.headRate = headRate;
        builder.initialization = initialization;
        builder.seed = seed;
        return builder;
    }

    /** Returns the inner width r of A {@code [nIn, r]} and B {@code [r, nOut]}. */
    public int rank() {
        return rank;
    }

    /** Returns alpha, the numerator of the scaling. */
    public double alpha() {
        return alpha;
    }

    /** Returns the factor in front of A &middot; B: alpha / rank. */
    public double scaling() {
        return alpha / rank;
    }

    /** Returns the learning rate of B divided by that of A (PEFT: {@code loraplus_lr_ratio}). */
    public double lambda() {
        return lambda;
    }

    /** Returns the probability with which an input of the branch is zeroed in training. */
    public double dropout() {
        return dropout;
    }

    /** Returns which weights get factors. */
    public Targets targets() {
        return targets;
    }

    /** Returns the modules or variables that are trained fully, as names or trailing parts of names. */
    public List<String> modulesToSave() {
        return modulesToSave;
    }

    /** Returns the absolute learning rate of the modules to save; empty means the rate of A. */
    public OptionalDouble headRate() {
        return headRate;
    }

    /** Returns which factor starts at random. */
    public Initialization initialization() {
        return initialization;
    }

    /** Returns the seed of everything that is drawn: start values and dropout masks. */
    public long seed() {
        return seed;
    }

    @Override
    public boolean equals(@org.jspecify.annotations.Nullable Object other) {
        return other instanceof LoraConfig that && fields().equals(that.fields());
    }

    @Override
    public int hashCode() {
        return fields().hashCode();
    }

    @Override
    public String toString() {
        return "LoraConfig[rank=" + rank + ", alpha=" + alpha + ", lambda=" + lambda + ", dropout=" + dropout
                + ", targets=" + targets + ", modulesToSave=" + modulesToSave + ", headRate="
                + (headRate.isPresent() ? headRate.getAsDouble() : "eta") + ", initialization=" + initialization
                + ", seed=" + seed + "]";
    }

    private List<Object> fields() {
        return List.of(rank, alpha, lambda, dropout, targets, modulesToSave, headRate, initialization, seed);
    }

    /** Collects the values of a {@link LoraConfig}; values are checked in {@link #build()}. Not thread-safe. */
    public static final class Builder {
        private int rank = 8;
        private double alpha = 16;
        private double lambda = 16;
        private double dropout = 0;
        private Targets targets = Targets.allLinear();
        private final Set<String> modulesToSave = new LinkedHashSet<>();
        private OptionalDouble headRate = OptionalDouble.empty();
        private Initialization initialization = Initialization.A_RANDOM_B_ZERO;
        private long seed = 0;

        private Builder() {}

        /** Sets the rank: at least 1, default 8. A rank above min(nIn, nOut) of a target is a warning at attach. */
        public Builder rank(int value) {
            rank = value;
            return this;
        }

        /** Sets alpha: finite and above 0, default 16. */
        public Builder alpha(double value) {
            alpha = value;
            return this;
        }

        /** Sets lambda: finite and above 0, default 16; 1 is plain LoRA; below 1 is a warning. */
        public Builder lambda(double value) {
            lambda = value;
            return this;
        }

        /** Sets the dropout probability on the input of the branch: in [0, 1), default 0. Training only. */
        public Builder dropout(double value) {
            dropout = value;
            return this;
        }

        /** Sets which weights get factors; default {@link Targets#allLinear()}. */
        public Builder targets(Targets value) {
            targets = Objects.requireNonNull(value, "targets must not be null");
            return this;
        }

        /** Sets the targets by name, as {@link Targets#named(String...)}. */
        public Builder targets(String... names) {
            return targets(Targets.named(names));
        }

        /**
         * Sets the modules or variables that are trained fully, by name or trailing part of a name; default none.
         *
         * @param names for example {@code "classifier"}, which covers {@code classifier.weight} and
         *     {@code classifier.bias}
         */
        public Builder modulesToSave(String... names) {
            modulesToSave.clear();
            modulesToSave.addAll(List.of(names));
            return this;
        }

        /** Sets the absolute learning rate of the modules to save: finite and above 0; default the rate of A. */
        public Builder headRate(double value) {
            headRate = OptionalDouble.of(value);
            return this;
        }

        /** Sets which factor starts at random; default {@link Initialization#A_RANDOM_B_ZERO}. */
        public Builder initialization(Initialization value) {
            initialization = Objects.requireNonNull(value, "initialization must not be null");
            return this;
        }

        /** Sets the seed of start values and dropout masks; default 0. */
        public Builder seed(long value) {
            seed = value;
            return this;
        }

        /**
         * Checks every value and returns the configuration.
         *
         * @throws IllegalArgumentException if a value lies outside its range; the message names it, what was got and
         *     what is allowed
         */
        public LoraConfig build() {
            if (rank < 1) {
                throw new IllegalArgumentException("rank must be at least 1, got " + rank + ".");
            }
            requirePositive("alpha", alpha);
            requirePositive("lambda", lambda);
            if (!(dropout >= 0 && dropout < 1)) {
                throw new IllegalArgumentException("dropout must be in [0, 1), got " + dropout + ".");
            }
            headRate.ifPresent(value -> requirePositive("headRate", value));
            for (String name : modulesToSave) {
                if (name.isBlank()) {
                    throw new IllegalArgumentException(
                            "modulesToSave must hold names of modules or variables, got a blank one: " + modulesToSave);
                }
            }
            if (targets.equals(Targets.none()) && modulesToSave.isEmpty()) {
                throw new IllegalArgumentException(
                        "targets and modulesToSave are both empty: nothing would be trained; name at least one.");
            }
            if (headRate.isPresent() && modulesToSave.isEmpty()) {
                throw new IllegalArgumentException("headRate = " + headRate.getAsDouble()
                        + " has no effect without modulesToSave; name the modules to train fully, or drop headRate.");
            }
            if (lambda < 1) {
                LOG.warn("lambda = {} makes B learn slower than A; LoRA+ uses lambda >= 1 (arXiv 2402.12354).", lambda);
            }
            return new LoraConfig(this);
        }

        private static void requirePositive(String name, double value) {
            if (!(value > 0) || Double.isInfinite(value)) {
                throw new IllegalArgumentException(name + " must be finite and above 0, got " + value + ".");
            }
        }
    }
}
