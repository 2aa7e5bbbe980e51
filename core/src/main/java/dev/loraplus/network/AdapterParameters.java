package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.AdapterInit;
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
 * Holds a wrapped layer's part of the network's flat vector, as DL4J sees it: base weights if they are embedded, then
 * the factors of each adapted weight, and the gradients of these.
 */
final class AdapterParameters {
    private final LoraLayer conf;
    private final INDArray base;
    private final @Nullable INDArray view;
    private final Map<String, Factors> factors;
    private final Map<String, INDArray> baseTable = new LinkedHashMap<>();
    private final Map<String, INDArray> table = new LinkedHashMap<>();
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
        factors.forEach((key, pair) -> {
            table.put(FactorKeys.a(key), pair.a());
            table.put(FactorKeys.b(key), pair.b());
        });
    }

    /** Draws the start values of all factors. */
    void drawFactors() {
        FactorSettings settings = conf.spec().factors();
        conf.spec().weights().forEach((key, weight) -> {
            Factors pair = known(factors, key, "adapted weight");
            Factors start = AdapterInit.factors(
                    settings.initialization(),
                    conf.getLayerName() + "." + key,
                    weight.nIn(),
                    settings.rank(),
                    weight.nOut(),
                    base.dataType(),
                    settings.seed());
            pair.a().assign(start.a());
            pair.b().assign(start.b());
        });
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
        return known(spec().weights(), key, "adapted weight");
    }

    /** Returns the factors by key of the adapted weight. */
    Map<String, Factors> factors() {
        return factors;
    }

    /** Returns the part of the flat vector that holds the factors; {@code null} without any. */
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

    /** Returns the gradients of all factors, as DL4J takes them. */
    Gradient gradients() {
        Gradient all = gradientView == null ? new DefaultGradient() : new DefaultGradient(gradientView);
        gradients.forEach((key, pair) -> {
            all.setGradientFor(FactorKeys.a(key), pair.a());
            all.setGradientFor(FactorKeys.b(key), pair.b());
        });
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
        int rank = spec.factors().rank();
        long offset = spec.embeddedLength();
        for (Map.Entry<String, WeightMatrix> entry : spec.weights().entrySet()) {
            WeightMatrix weight = entry.getValue();
            long middle = offset + weight.nIn() * rank;
            long end = middle + rank * weight.nOut();
            factors.put(
                    entry.getKey(),
                    new Factors(
                            flat.get(NDArrayIndex.interval(offset, middle)).reshape('f', weight.nIn(), rank),
                            flat.get(NDArrayIndex.interval(middle, end)).reshape('f', rank, weight.nOut())));
            offset = end;
        }
        return factors;
    }
}
