package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.math.AdapterInit;
import dev.loraplus.math.LowRankDelta;
import dev.loraplus.math.ResidualInit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What an adapter starts from, computed before the graph is changed.
 *
 * @param factors by name of the adapted weight
 * @param bases the weights that go on with other values, by name
 */
record StartValues(Map<String, Factors> factors, Map<String, INDArray> bases) {

    static StartValues of(SameDiff graph, GraphPlan plan, LoraConfig config) {
        Map<String, Factors> factors = new LinkedHashMap<>();
        Map<String, INDArray> bases = new LinkedHashMap<>();
        for (AdaptableWeight weight : plan.targets()) {
            INDArray base = graph.getVariable(weight.name()).getArr();
            Factors start = factors(weight, config, base);
            if (config.initialization().changesBase()) {
                base = residual(weight, config, base, start);
                bases.put(weight.name(), base);
            }
            factors.put(weight.name(), complete(weight, config, base, start));
        }
        return new StartValues(factors, bases);
    }

    /** Returns the weights that an adapter of this configuration was trained on, where they aren't the graph's own. */
    static Map<String, INDArray> bases(SameDiff graph, GraphPlan plan, LoraConfig config) {
        return config.initialization().changesBase() ? of(graph, plan, config).bases() : Map.of();
    }

    private static Factors factors(AdaptableWeight weight, LoraConfig config, INDArray base) {
        Initialization initialization = config.initialization();
        String name = weight.name();
        MatrixView view = weight.view();
        int rank = config.rankOf(name);
        if (initialization.changesBase()) {
            return ResidualInit.factors(initialization, view.weightOf(base), rank, config.scalingOf(name));
        }
        return weight.layout().isEmbedding()
                ? AdapterInit.embedding(
                        initialization, name, view.nIn(), rank, view.nOut(), weight.dataType(), config.seed())
                : AdapterInit.factors(
                        initialization, name, view.nIn(), rank, view.nOut(), weight.dataType(), config.seed());
    }

    private static INDArray residual(AdaptableWeight weight, LoraConfig config, INDArray base, Factors start) {
        INDArray residual = base.dup('c');
        LowRankDelta.addTo(
                weight.view().matrixOf(residual),
                start.a(),
                start.b(),
                -config.scalingOf(weight.name()),
                weight.view().outputFirst());
        return residual;
    }

    /** Adds the bias of B, which starts at zero, and the magnitude, which starts at what the graph will divide it by. */
    private static Factors complete(AdaptableWeight weight, LoraConfig config, INDArray base, Factors start) {
        INDArray bias =
                config.loraBias() ? Nd4j.zeros(weight.dataType(), weight.view().nOut()) : null;
        INDArray magnitude = config.dora() ? magnitude(weight, config.scalingOf(weight.name()), base, start) : null;
        return new Factors(start.a(), start.b(), bias, magnitude);
    }

    private static INDArray magnitude(AdaptableWeight weight, double scaling, INDArray base, Factors start) {
        MatrixView view = weight.view();
        INDArray product = view.outputFirst()
                ? Nd4j.matmul(start.b(), start.a(), true, true, false)
                : Nd4j.matmul(start.a(), start.b());
        INDArray sum = base.add(product.mul(scaling).reshape('c', view.shape()));
        return sum.norm2(view.inputAxes()).reshape(view.nOut());
    }
}
