package dev.loraplus;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Holds an adapter as data: its configuration, its tensors and where it comes from; knows no model and no file.
 *
 * <p>The maps keep their order and can't be changed; the arrays are not copied.
 *
 * @since 0.1.0
 */
public final class Adapter {
    /**
     * The two factors of one adapted weight, and what goes with them.
     *
     * @param a the input side, {@code [nIn, r]}
     * @param b the output side, {@code [r, nOut]}
     * @param bias the bias of B, {@code [nOut]}; {@code null} without {@link LoraConfig#loraBias()}
     * @param magnitude the magnitude of each output, {@code [nOut]}; {@code null} without {@link LoraConfig#dora()}
     */
    public record Factors(
            INDArray a,
            INDArray b,
            @Nullable INDArray bias,
            @Nullable INDArray magnitude) {
        /** Creates a pair of factors alone. */
        public Factors(INDArray a, INDArray b) {
            this(a, b, null, null);
        }

        private Factors copy() {
            return new Factors(
                    a.dup('c'),
                    b.dup('c'),
                    bias == null ? null : bias.dup(),
                    magnitude == null ? null : magnitude.dup());
        }
    }

    /**
     * A variable that was trained fully.
     *
     * @param value the values in the model's own layout
     * @param transposed whether PyTorch holds the transpose, as it does for the matrix of a linear layer
     * @param biasOf the adapted weight whose bias it is, trained by {@link LoraConfig#bias()}; else {@code null}
     */
    public record Saved(
            INDArray value, boolean transposed, @Nullable String biasOf) {
        /** Creates a variable that is no adapted weight's bias. */
        public Saved(INDArray value, boolean transposed) {
            this(value, transposed, null);
        }

        private Saved copy() {
            return new Saved(value.dup(), transposed, biasOf);
        }
    }

    private final LoraConfig config;
    private final Map<String, Factors> factors;
    private final Map<String, Saved> saved;
    private final Map<String, String> provenance;

    /**
     * Creates an adapter.
     *
     * @param config what it was made with
     * @param factors the factors by name of the adapted weight
     * @param saved the fully trained variables by name
     * @param provenance facts about its making, for example {@code eta} or {@code base}
     */
    public Adapter(
            LoraConfig config, Map<String, Factors> factors, Map<String, Saved> saved, Map<String, String> provenance) {
        this.config = config;
        this.factors = Collections.unmodifiableMap(new LinkedHashMap<>(factors));
        this.saved = Collections.unmodifiableMap(new LinkedHashMap<>(saved));
        this.provenance = Collections.unmodifiableMap(new LinkedHashMap<>(provenance));
    }

    /** Returns the configuration that the adapter was made with. */
    public LoraConfig config() {
        return config;
    }

    /** Returns the factors by name of the adapted weight. */
    public Map<String, Factors> factors() {
        return factors;
    }

    /** Returns the fully trained variables by name. */
    public Map<String, Saved> saved() {
        return saved;
    }

    /** Returns an adapter with copies of all arrays, which no longer follows a model. */
    public Adapter copy() {
        Map<String, Factors> pairs = new LinkedHashMap<>();
        factors.forEach((name, pair) -> pairs.put(name, pair.copy()));
        Map<String, Saved> variables = new LinkedHashMap<>();
        saved.forEach((name, variable) -> variables.put(name, variable.copy()));
        return new Adapter(config, pairs, variables, provenance);
    }

    /** Returns facts about the adapter's making. */
    public Map<String, String> provenance() {
        return provenance;
    }
}
