package dev.loraplus.samediff;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients by ways that are not ours: central differences, and stock SameDiff. */
final class Gradients {
    private static final double STEP = 1e-5;

    private Gradients() {}

    /** Central differences of the summed losses with respect to each parameter; for DOUBLE graphs. */
    static Map<String, INDArray> byDifferences(
            SameDiff graph, Map<String, INDArray> batch, List<String> losses, Iterable<String> parameters) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        for (String name : parameters) {
            INDArray value = graph.getVariable(name).getArr();
            INDArray gradient = value.dup('c');
            for (long i = 0; i < value.length(); i++) {
                double before = value.getDouble(i);
                value.putScalar(i, before + STEP);
                double above = loss(graph, batch, losses);
                value.putScalar(i, before - STEP);
                double below = loss(graph, batch, losses);
                value.putScalar(i, before);
                gradient.putScalar(i, (above - below) / (2 * STEP));
            }
            gradients.put(name, gradient);
        }
        return gradients;
    }

    /** What stock SameDiff computes in the same graph. */
    static Map<String, INDArray> byStock(SameDiff graph, Map<String, INDArray> batch, Iterable<String> parameters) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        List<String> names = new java.util.ArrayList<>();
        parameters.forEach(names::add);
        Quiet.run(() -> gradients.putAll(graph.calculateGradients(batch, names)));
        return gradients;
    }

    static double loss(SameDiff graph, Map<String, INDArray> batch, List<String> losses) {
        return graph.output(batch, losses).values().stream()
                .mapToDouble(loss -> loss.sumNumber().doubleValue())
                .sum();
    }

    /** The relative L2 distance, in DOUBLE; the absolute one where {@code expected} is zero. */
    static double distance(INDArray got, INDArray expected) {
        INDArray wide = expected.castTo(DataType.DOUBLE);
        double norm = wide.norm2Number().doubleValue();
        double error = got.castTo(DataType.DOUBLE).sub(wide).norm2Number().doubleValue();
        return norm == 0 ? error : error / norm;
    }
}
