package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.AdapterInit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * Holds a wrapped layer's part of the network's flat vector, as DL4J sees it: base weights if they are embedded, then
 * the factors of each adapted weight, then the biases that are trained, and the gradients of these.
 */
final class AdapterParameters {
    private final LoraLayer conf;
    private final INDArray base;
    private final @Nullable INDArray view;
    private final Map<String, Factors> factors;
    private final Map<String, INDArray> baseTable = new LinkedHashMap<>();
    private final Map<String, INDArray> table = new LinkedHashMap<>();
    private Map<String, INDArray> biases = Map.of();
    private Map<String, INDArray> biasGradients = Map.of();
    private Map<String, Factors> gradients = Map.of();
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
        factors = factors(conf.spec(), view);
    }

    /** Takes the base weights by name, once the wrapped layer has made them. */
    void setBaseTable(Map<String, INDArray> weights) {
        baseTable.putAll(weights);
        if (conf.spec().storage() == Storage.EMBEDDED) {
            table.putAll(weights);
        }
        factors.forEach((key, pair) -> named(key, pair, table::put));
        if (view != null) {
            biases = biases(view);
            biases.forEach((key, array) -> table.put(FactorKeys.trained(key), array));
        }
    }

    /** Lets a layer compute with the trained biases in place of the base's: its own arrays get their memory. */
    void lendBiases(Map<String, INDArray> live) {
        biases.forEach((key, array) -> known(live, key, "bias").setData(array.data()));
    }

    /** Draws the start values of all factors; trained biases start as the base's. */
    void drawFactors() {
        resetBiases();
        FactorSettings settings = conf.spec().factors();
        conf.spec().weights().forEach((key, weight) -> {
            Factors pair = known(factors, key, "adapted weight");
            Factors start = AdapterInit.factors(
                    settings.initialization(),
                    conf.getLayerName() + "." + key,
                    weight.matrix().nIn(),
                    weight.rank(),
                    weight.matrix().nOut(),
                    base.dataType(),
                    settings.seed());
            pair.a().assign(start.a());
            pair.b().assign(start.b());
            if (pair.bias() != null) {
                pair.bias().assign(0);
            }
            if (pair.magnitude() != null) {
                pair.magnitude().assign(lengths(key));
            }
        });
    }

    /** Returns the length of each output of a base weight, at which its magnitude starts. */
    private INDArray lengths(String key) {
        INDArray lengths = weight(key).of(base(key)).norm2(0);
        if (lengths.minNumber().doubleValue() == 0) {
            throw new IllegalArgumentException("'" + conf.getLayerName() + "." + key
                    + "' has an output whose weights are all zero, without a direction that dora could keep; exclude it,"
                    + " or set dora to false.");
        }
        return lengths;
    }

    /** Makes the layer compute as the base does. */
    void clear() {
        factors.forEach((key, pair) -> {
            pair.a().assign(0);
            pair.b().assign(0);
            if (pair.bias() != null) {
                pair.bias().assign(0);
            }
            if (pair.magnitude() != null) {
                pair.magnitude().assign(lengths(key));
            }
        });
        resetBiases();
    }

    private void resetBiases() {
        biases.forEach((key, array) -> array.assign(base(key)));
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

    /** Returns what the product of a weight's factors is multiplied by. */
    double scaling(String key) {
        return adapted(key).scaling();
    }

    /** Returns the factors by key of the adapted weight. */
    Map<String, Factors> factors() {
        return factors;
    }

    /** Returns the trained biases by their keys in the wrapped layer. */
    Map<String, INDArray> biases() {
        return biases;
    }

    /** Returns the part of the flat vector that holds what is trained; {@code null} without factors. */
    @Nullable
    INDArray factorView() {
        return view == null || factors.isEmpty()
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
        gradients = factors(spec(), reshaped);
        biasGradients = biases(reshaped);
    }

    @Nullable
    INDArray gradientView() {
        return gradientView;
    }

    /** Returns where the gradients of a weight's factors go. */
    Factors gradient(String key) {
        Factors pair = gradients.get(key);
        if (pair == null) {
            throw new IllegalStateException("Layer '" + conf.getLayerName()
                    + "' has no gradients yet; train it as a part of its network, which provides them.");
        }
        return pair;
    }

    /** Returns where the gradient of a bias goes, if that is trained. */
    @Nullable
    INDArray biasGradient(String key) {
        return biasGradients.get(key);
    }

    /** Takes the gradients of trained biases from those that the wrapped layer computed. */
    void takeBiasGradients(Gradient ofLayer) {
        biasGradients.forEach((key, target) -> {
            INDArray computed = ofLayer.getGradientFor(key);
            if (computed != null) {
                target.assign(computed.reshape(target.shape()));
            }
        });
    }

    /** Returns the gradients of all that is trained, as DL4J takes them. */
    Gradient gradients() {
        Gradient all = gradientView == null ? new DefaultGradient() : new DefaultGradient(gradientView);
        gradients.forEach((key, pair) -> named(key, pair, all::setGradientFor));
        biasGradients.forEach((key, array) -> all.setGradientFor(FactorKeys.trained(key), array));
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

    /** Gives each part of what a weight has its name in DL4J. */
    static void named(String key, Factors pair, BiConsumer<String, INDArray> taker) {
        taker.accept(FactorKeys.a(key), pair.a());
        taker.accept(FactorKeys.b(key), pair.b());
        if (pair.bias() != null) {
            taker.accept(FactorKeys.bias(key), pair.bias());
        }
        if (pair.magnitude() != null) {
            taker.accept(FactorKeys.magnitude(key), pair.magnitude());
        }
    }

    private Map<String, INDArray> biases(INDArray flat) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        long offset = spec().embeddedLength() + spec().factorLength();
        for (Map.Entry<String, Long> bias : spec().biases().entrySet()) {
            INDArray view = flat.get(NDArrayIndex.interval(offset, offset + bias.getValue()));
            views.put(bias.getKey(), view.reshape(base(bias.getKey()).shape()));
            offset += bias.getValue();
        }
        return views;
    }

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

    private static Map<String, Factors> factors(LoraSpec spec, @Nullable INDArray flat) {
        Map<String, Factors> factors = new LinkedHashMap<>();
        if (flat == null) {
            return factors;
        }
        long offset = spec.embeddedLength();
        for (Map.Entry<String, AdaptedWeight> entry : spec.weights().entrySet()) {
            factors.put(entry.getKey(), factors(entry.getValue(), flat, offset));
            offset += entry.getValue().factorLength();
        }
        return factors;
    }

    /** Reads A, B, then B's bias and the magnitudes if there are any. */
    private static Factors factors(AdaptedWeight adapted, INDArray flat, long offset) {
        WeightMatrix weight = adapted.matrix();
        long b = offset + weight.nIn() * adapted.rank();
        long bias = b + adapted.rank() * weight.nOut();
        long magnitude = bias + (adapted.loraBias() ? weight.nOut() : 0);
        return new Factors(
                flat.get(NDArrayIndex.interval(offset, b)).reshape('f', weight.nIn(), adapted.rank()),
                flat.get(NDArrayIndex.interval(b, bias)).reshape('f', adapted.rank(), weight.nOut()),
                adapted.loraBias() ? flat.get(NDArrayIndex.interval(bias, bias + weight.nOut())) : null,
                adapted.dora() ? flat.get(NDArrayIndex.interval(magnitude, magnitude + weight.nOut())) : null);
    }
}
