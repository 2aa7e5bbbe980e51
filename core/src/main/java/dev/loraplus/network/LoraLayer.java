package dev.loraplus.network;

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
 * <p>The parameters of weight {@code W} are {@code WloraA} {@code [nIn, r]} and {@code WloraB} {@code [r, nOut]}; A
 * learns at the rate of the wrapped layer's own updater and B at lambda times that rate (arXiv 2402.12354 &sect;4); the
 * layer's own regularization of weights acts on both. The weights of a convolution count as a matrix of
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

    /** Keeps base weights in memory for as long as there is a layer that can be taken back to them. */
    @SuppressWarnings("unused")
    private transient @Nullable Object held;

    @JsonCreator
    LoraLayer(@JsonProperty("underlying") Layer underlying, @JsonProperty("spec") LoraSpec spec) {
        super(underlying);
        this.spec = spec;
        setLayerName(underlying.getLayerName());
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
        return new LayerFactory(this, conf, listeners, index, type).create(view, initialize);
    }

    @Override
    public void setDataType(DataType type) {
        underlying.setDataType(type);
    }

    /** Returns what regularizes the weights of the wrapped layer, for factors; nothing for frozen base weights. */
    @Override
    public List<Regularization> getRegularizationByParam(String key) {
        return FactorKeys.isFactor(spec, key) ? LayerConfs.regularization(underlying) : List.of();
    }

    @Override
    public boolean isPretrainParam(String key) {
        return false;
    }

    /** Returns the wrapped layer's own updater for A, one at lambda times its rate for B, none for frozen weights. */
    @Override
    public IUpdater getUpdaterByParam(String key) {
        if (!FactorKeys.isFactor(spec, key)) {
            return new NoOp();
        }
        IUpdater updater = Objects.requireNonNull(LayerConfs.updater(underlying), "updater");
        double lambda = spec.factors().lambda();
        return lambda == 1 || !FactorKeys.isB(spec, key) ? updater : new LoraPlusUpdater(updater, lambda);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraLayer that && spec.equals(that.spec) && underlying.equals(that.underlying);
    }

    @Override
    public int hashCode() {
        return Objects.hash(spec, underlying);
    }

    @Override
    public String toString() {
        return "LoraLayer(" + spec.mode() + ", " + spec.factors() + ", weights=" + spec.weights() + ", " + underlying
                + ")";
    }

    void hold(@Nullable INDArray base) {
        held = base;
    }

    LoraSpec spec() {
        return spec;
    }

    /** Returns the configuration of the network for the wrapped layer alone; the layer is this one's, not a copy. */
    NeuralNetConfiguration inner(NeuralNetConfiguration conf) {
        NeuralNetConfiguration inner = conf.clone();
        inner.setLayer(underlying);
        inner.clearVariables();
        return inner;
    }
}
