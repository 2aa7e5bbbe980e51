package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Holds a wrapped layer's part of the network's flat vector, as DL4J sees it: base weights if they are embedded, what
 * factors started from if that is taken out of the weights, the factors of each adapted weight, then the biases that are
 * trained, and the gradients of these.
 */
final class AdapterParameters {
    private final LoraLayer conf;
    private final INDArray base;
    private final @Nullable INDArray view;
    private final TrainedViews values;
    private final Map<String, INDArray> baseTable = new LinkedHashMap<>();
    private final Map<String, INDArray> table = new LinkedHashMap<>();
    private TrainedViews gradients = TrainedViews.NONE;
    private @Nullable INDArray gradientView;

    /**
     * Reads the layer's part of the flat vector.
     *
     * @param base the flat base weights, kept alive by this
     * @param view the layer's part of the flat vector; {@code null} if it has none
     */
    AdapterParameters(LoraLayer conf, INDArray base, @Nullable INDArray view) {
        this.conf = conf;
        this.base = base;
        this.view = view;
        values = TrainedViews.of(conf.spec(), view);
    }

    /** Takes the base weights by name, once the wrapped layer has made them. */
    void setBaseTable(Map<String, INDArray> weights) {
        baseTable.putAll(weights);
        if (conf.spec().storage() == Storage.EMBEDDED) {
            table.putAll(weights);
        }
        values.forEachStart(table::put);
        values.forEach(table::put);
    }

    /** Lets a layer compute with the trained biases in place of the base's: its own arrays get their memory. */
    void lendBiases(Map<String, INDArray> live) {
        biases().forEach((key, array) -> known(live, key, "bias").setData(array.data()));
    }

    /** Draws the start values of all factors; trained biases start as the base's. */
    void drawFactors() {
        new StartValues(this, conf.getLayerName()).draw();
    }

    /** Makes the layer compute as the base does. */
    void clear() {
        new StartValues(this, conf.getLayerName()).neutralize();
    }

    LoraSpec spec() {
        return conf.spec();
    }

    /** Returns the flat base weights. */
    INDArray base() {
        return base;
    }

    /** Returns a base weight. */
    INDArray base(String key) {
        return known(baseTable, key, "base weight");
    }

    /** Returns how an adapted weight is read as a matrix. */
    WeightMatrix weight(String key) {
        return adapted(key).matrix();
    }

    /** Returns what the product of a weight's factors is multiplied by now. */
    double scaling(String key) {
        return adapted(key).scaling() * scale();
    }

    /** Returns what the configured scaling of all weights is multiplied by. */
    double scale() {
        return conf.scale();
    }

    /** Returns the factors by key of the adapted weight. */
    Map<String, Factors> factors() {
        return values.factors();
    }

    /** Returns what factors started from, by key of the adapted weight; none if that leaves the weights alone. */
    Map<String, Factors> starts() {
        return values.starts();
    }

    /** Returns what is taken out of a weight because its factors started from that, if anything is. */
    @Nullable
    TakenStart start(String key) {
        Factors pair = starts().get(key);
        return pair == null ? null : new TakenStart(pair, adapted(key).scaling());
    }

    /** Returns factors whose product, times the configured scaling, is what the layer adds to a base weight. */
    Factors change(String key) {
        Factors live = known(factors(), key, "adapted weight");
        Factors scaled =
                scale() == 1 ? live : new Factors(live.a(), live.b().mul(scale()), live.bias(), live.magnitude());
        TakenStart start = start(key);
        return start == null ? scaled : start.outOf(scaled);
    }

    /** Turns a base weight W {@code [nIn, nOut]} into W + scaling &middot; A &middot; B, less what these started from. */
    void addChangeTo(INDArray weight, String key) {
        Factors pair = known(factors(), key, "adapted weight");
        Gemm.add(pair.a(), pair.b(), scaling(key), weight);
        TakenStart start = start(key);
        if (start != null) {
            start.from(weight);
        }
    }

    /** Returns the trained biases by their keys in the wrapped layer. */
    Map<String, INDArray> biases() {
        return values.biases();
    }

    /** Returns the part of the flat vector behind embedded base weights; {@code null} without factors. */
    @Nullable
    INDArray factorView() {
        return view == null || factors().isEmpty()
                ? null
                : view.get(NDArrayIndex.interval(spec().embeddedLength(), view.length()));
    }

    @Nullable
    INDArray view() {
        return view;
    }

    /** Returns the parameters that DL4J sees, in the order of the flat vector. */
    Map<String, INDArray> table() {
        return Collections.unmodifiableMap(table);
    }

    void set(String key, INDArray value) {
        known(table, key, "parameter").assign(value);
    }

    /** Takes the layer's part of the flat gradient; that of embedded base weights stays zero. */
    void setGradientView(INDArray flat) {
        INDArray reshaped = flat.reshape(flat.length());
        gradientView = reshaped;
        reshaped.assign(0);
        gradients = TrainedViews.of(spec(), reshaped);
    }

    @Nullable
    INDArray gradientView() {
        return gradientView;
    }

    /** Returns where the gradients of a weight's factors go. */
    Factors gradient(String key) {
        Factors pair = gradients.factors().get(key);
        if (pair == null) {
            throw new IllegalStateException("Layer '" + conf.getLayerName()
                    + "' has no gradients yet; train it as a part of its network, which provides them.");
        }
        return pair;
    }

    /** Returns where the gradient of a bias goes, if that is trained. */
    @Nullable
    INDArray biasGradient(String key) {
        return gradients.biases().get(key);
    }

    /** Takes the gradients of trained biases from those that the wrapped layer computed. */
    void takeBiasGradients(Gradient ofLayer) {
        gradients.biases().forEach((key, target) -> {
            INDArray computed = ofLayer.getGradientFor(key);
            if (computed != null) {
                target.assign(computed.reshape(target.shape()));
            }
        });
    }

    /** Returns the gradients of all that is trained, as DL4J takes them. */
    Gradient gradients() {
        Gradient all = gradientView == null ? new DefaultGradient() : new DefaultGradient(gradientView);
        gradients.forEach(all::setGradientFor);
        return all;
    }

    /** Returns what regularization adds to the score. */
    double regularizationScore(int iteration, int epoch) {
        double sum = 0;
        for (Map.Entry<String, INDArray> parameter : table.entrySet()) {
            for (Regularization regularization : conf.getRegularizationByParam(parameter.getKey())) {
                sum += regularization.score(parameter.getValue(), iteration, epoch);
            }
        }
        return sum;
    }

    /** Returns what is known of an adapted weight. */
    AdaptedWeight adapted(String key) {
        return known(spec().weights(), key, "adapted weight");
    }

    private <V> V known(Map<String, V> map, String key, String what) {
        V value = map.get(key);
        if (value == null) {
            throw new IllegalArgumentException("Layer '" + conf.getLayerName() + "' has no " + what + " '" + key
                    + "'; it has " + map.keySet() + ".");
        }
        return value;
    }
}
