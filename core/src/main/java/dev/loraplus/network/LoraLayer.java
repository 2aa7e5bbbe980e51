package dev.loraplus.network;

import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.optim.LoraPlusUpdater;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect.Visibility;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * Configures a layer of a network with an adapter: it wraps the original layer, of whatever kind, whose weights act as
 * W + (alpha / rank) &middot; A &middot; B while only A and B are trained.
 *
 * <p>The parameters of weight {@code W} are {@code WloraA} {@code [nIn, r]} and {@code WloraB} {@code [r, nOut]}, and,
 * not trained, {@code WloraA0} and {@code WloraB0} where these started from W itself and were taken out of it; A
 * learns at the rate of the wrapped layer's own updater and B at lambda times that rate (arXiv 2402.12354 &sect;4); the
 * layer's own regularization of weights acts on both. Dropout acts on the input of the branch of dense and output layers
 * in training, as in PEFT; rows of an embedding are not dropped. The weights of a convolution count as a matrix of
 * channels &times; kernel by outputs. A layer without targets is wrapped too, frozen, or, as a module to save, with all
 * its own parameters trained. Like all configurations of DL4J it is mutable and not thread-safe.
 *
 * @since 0.1.0
 */
@JsonAutoDetect(
        fieldVisibility = Visibility.ANY,
        getterVisibility = Visibility.NONE,
        isGetterVisibility = Visibility.NONE,
        setterVisibility = Visibility.NONE)
public final class LoraLayer extends BaseWrapperLayer {
    private static final long serialVersionUID = 1L;

    private LoraSpec spec;
    private final @Nullable List<String> requested;
    private double scale = 1;

    /** Keeps base weights in memory for as long as there is a layer that can be taken back to them. */
    @SuppressWarnings("unused")
    private transient @Nullable Object held;

    @JsonCreator
    private LoraLayer(
            @JsonProperty("underlying") Layer underlying,
            @JsonProperty("spec") LoraSpec spec,
            @JsonProperty("requested") @Nullable List<String> requested) {
        super(underlying);
        this.spec = spec;
        this.requested = requested;
        setLayerName(underlying.getLayerName());
    }

    /** Wraps a layer of an existing network. */
    LoraLayer(Layer underlying, LoraSpec spec) {
        this(underlying, spec, null);
    }

    /** Returns a copy whose wrapped layer and updaters can be changed without changing this one's. */
    @Override
    public LoraLayer clone() {
        LoraLayer copy = (LoraLayer) super.clone();
        copy.underlying = LayerConfs.copy(underlying);
        return copy;
    }

    @Override
    public ParamInitializer initializer() {
        return LoraParamInitializer.INSTANCE;
    }

    @Override
    public org.deeplearning4j.nn.api.Layer instantiate(
            NeuralNetConfiguration conf,
            @Nullable Collection<TrainingListener> listeners,
            int index,
            @Nullable INDArray view,
            boolean initialize,
            DataType type) {
        FineTuneNotice.giveFor(getLayerName());
        return new LayerFactory(this, conf, listeners, index, type).create(view, initialize);
    }

    @Override
    public void setDataType(DataType type) {
        underlying.setDataType(type);
    }

    /**
     * Returns what regularizes the weights of the wrapped layer, for factors, or its biases, for those that are trained;
     * nothing for frozen base weights.
     */
    @Override
    public List<Regularization> getRegularizationByParam(String key) {
        if (FactorKeys.isTrainedBias(spec, key)) {
            return LayerConfs.biasRegularization(underlying);
        }
        return FactorKeys.isFactor(spec, key) ? LayerConfs.regularization(underlying) : List.of();
    }

    @Override
    public boolean isPretrainParam(String key) {
        return false;
    }

    /**
     * Returns the wrapped layer's own updater for A and magnitudes, one at lambda times its rate for B and its bias, one with the rate of embeddings
     * for both of those if it is set, the wrapped layer's own for its trained biases, none for what is frozen.
     */
    @Override
    public IUpdater getUpdaterByParam(String key) {
        if (FactorKeys.isTrainedBias(spec, key)) {
            return Objects.requireNonNull(LayerConfs.biasUpdater(underlying), "updater");
        }
        AdaptedWeight weight = FactorKeys.weight(spec, key);
        if (weight == null) {
            return new NoOp();
        }
        IUpdater updater = Objects.requireNonNull(LayerConfs.updater(underlying), "updater");
        if (weight.rate() != null) {
            IUpdater own = updater.clone();
            own.setLrAndSchedule(weight.rate(), null);
            return own;
        }
        return weight.lambda() == 1 || !FactorKeys.isOfB(key) ? updater : new LoraPlusUpdater(updater, weight.lambda());
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraLayer that
                && spec.equals(that.spec)
                && scale == that.scale
                && underlying.equals(that.underlying);
    }

    @Override
    public int hashCode() {
        return Objects.hash(spec, scale, underlying);
    }

    @Override
    public String toString() {
        return "LoraLayer(" + spec.mode() + ", " + spec.factors() + ", weights=" + spec.weights() + ", biases="
                + spec.biases() + ", " + underlying + ")";
    }

    void hold(@Nullable INDArray base) {
        held = base;
    }

    LoraSpec spec() {
        return spec;
    }

    /** Returns what the scaling of all weights is multiplied by. */
    double scale() {
        return scale;
    }

    void setScale(double factor) {
        scale = factor;
    }

    /** Finds the weights of a layer of a new network, now that its sizes are known. */
    LoraSpec resolve(NeuralNetConfiguration conf) {
        if (requested != null && !spec.isResolved()) {
            spec = NewLayer.resolve(this, spec, requested, conf);
        }
        return spec;
    }

    /**
     * Wraps a layer of a new network. Its base weights are drawn at {@code init()} by the layer's own weight
     * initialization and the network's seed, as without the wrapper, and then frozen; they are embedded in the
     * network's parameters, with a gradient of zero and no updater state. Not thread-safe.
     *
     * <pre>
     * .layer(new LoraLayer.Builder(new DenseLayer.Builder().nOut(64).build()).rank(4).build())
     * </pre>
     *
     * @since 0.1.0
     */
    public static final class Builder {
        private final Layer layer;
        private final LoraConfig.Builder settings = LoraConfig.builder();
        private List<String> weights = List.of();

        /** Starts with a layer and the defaults of {@link LoraConfig}. */
        public Builder(Layer layer) {
            this.layer = Objects.requireNonNull(layer, "layer must not be null");
        }

        /** Sets the rank, as {@link LoraConfig.Builder#rank(int)}. */
        public Builder rank(int value) {
            settings.rank(value);
            return this;
        }

        /** Sets alpha, as {@link LoraConfig.Builder#alpha(double)}. */
        public Builder alpha(double value) {
            settings.alpha(value);
            return this;
        }

        /** Sets the rate of B divided by that of A, as {@link LoraConfig.Builder#lambda(double)}. */
        public Builder lambda(double value) {
            settings.lambda(value);
            return this;
        }

        /** Sets the dropout of the branch, as {@link LoraConfig.Builder#dropout(double)}. */
        public Builder dropout(double value) {
            settings.dropout(value);
            return this;
        }

        /** Sets where the factors start, not from a weight. */
        public Builder initialization(Initialization value) {
            settings.initialization(value);
            return this;
        }

        /** Sets the seed of the factors' start values; that of the base is the network's. */
        public Builder seed(long value) {
            settings.seed(value);
            return this;
        }

        /** Sets the weights that get factors, by parameter key; default all that a matrix multiplication takes. */
        public Builder weights(String... keys) {
            weights = List.of(keys);
            return this;
        }

        /**
         * Checks the values and returns the configuration.
         *
         * @throws IllegalArgumentException if a value lies outside its range, the initialization needs a weight, or
         *     dropout is above 0 for a layer without a branch
         */
        public LoraLayer build() {
            LoraConfig config = settings.build();
            NewLayer.requireOwnStart("A LoraLayer of a new network", config);
            FactorSettings factors = FactorSettings.of(config);
            if (factors.dropout() > 0 && !BranchLayers.supports(layer)) {
                throw new IllegalArgumentException("A " + layer.getClass().getSimpleName()
                        + " computes with whole weights, where a branch has no input to drop; set dropout to 0, got "
                        + factors.dropout() + ".");
            }
            return new LoraLayer(layer, NewLayer.unresolved(layer, factors), weights);
        }
    }

    /** Returns the configuration of the network for the wrapped layer alone; the layer is this one's, not a copy. */
    NeuralNetConfiguration inner(NeuralNetConfiguration conf) {
        NeuralNetConfiguration inner = conf.clone();
        inner.setLayer(underlying);
        inner.clearVariables();
        return inner;
    }
}
