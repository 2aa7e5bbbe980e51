package dev.loraplus.samediff.training;

import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** AdamW as PyTorch's documentation writes it, over stock gradients, with clipping by the global norm. */
final class NaiveAdamW {
    private final AdaptedGraph adapted;
    private final double decay;
    private final double largestNorm;
    private final Map<String, double[]> means = new LinkedHashMap<>();
    private final Map<String, double[]> squares = new LinkedHashMap<>();
    private int step;
    private int clipped;

    NaiveAdamW(AdaptedGraph adapted, double decay, double largestNorm) {
        this.adapted = adapted;
        this.decay = decay;
        this.largestNorm = largestNorm;
    }

    /** Takes a step at the parameters' rates times {@code factor}; returns the loss before it. */
    double step(Map<String, INDArray> batch, double factor, Map<String, Double> rates) {
        double loss = Gradients.loss(adapted.graph(), batch, List.of("loss"));
        Map<String, INDArray> gradients = Gradients.byStock(adapted.graph(), batch, rates.keySet());
        double norm = Math.sqrt(gradients.values().stream()
                .mapToDouble(g -> g.mul(g).sumNumber().doubleValue())
                .sum());
        double scale = Math.min(1, largestNorm / (norm + 1e-6));
        clipped += scale < 1 ? 1 : 0;
        step++;
        for (TrainedParameter parameter : adapted.parameters()) {
            double decayed = parameter.kind() == Kind.BIAS ? 0 : decay;
            update(
                    parameter.name(),
                    gradients.get(parameter.name()),
                    scale,
                    rates.get(parameter.name()) * factor,
                    decayed);
        }
        return loss;
    }

    int clipped() {
        return clipped;
    }

    Map<String, INDArray> values() {
        return Fixtures.values(adapted);
    }

    private void update(String name, INDArray gradient, double scale, double rate, double decayed) {
        INDArray value = Fixtures.value(adapted, name);
        double[] m = means.computeIfAbsent(name, key -> new double[(int) value.length()]);
        double[] v = squares.computeIfAbsent(name, key -> new double[(int) value.length()]);
        for (int i = 0; i < m.length; i++) {
            double g = gradient.getDouble(i) * scale;
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            double mean = m[i] / (1 - Math.pow(0.9, step));
            double square = v[i] / (1 - Math.pow(0.999, step));
            value.putScalar(i, value.getDouble(i) * (1 - rate * decayed) - rate * mean / (Math.sqrt(square) + 1e-8));
        }
    }
}
