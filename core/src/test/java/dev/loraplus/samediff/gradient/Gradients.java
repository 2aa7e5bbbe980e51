package dev.loraplus.samediff.gradient;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gradients by ways that are not ours: central differences, and stock SameDiff. */
public final class Gradients {
    private static final double STEP = 1e-5;

    private Gradients() {}

    /** Central differences of the summed losses with respect to each parameter; for DOUBLE graphs. */
    public static Map<String, INDArray> byDifferences(
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

    /** What stock SameDiff computes in the same graph; a loss that is no scalar is summed first, else it is wrong. */
    public static Map<String, INDArray> byStock(
            SameDiff graph, Map<String, INDArray> batch, Iterable<String> parameters) {
        return byStock(graph, batch, parameters, operation -> {});
    }

    /** The same, and tells of every operation of the gradient graph by name. */
    public static Map<String, INDArray> byStock(
            SameDiff graph, Map<String, INDArray> batch, Iterable<String> parameters, Consumer<String> operations) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        parameters.forEach(names::add);
        List<String> losses = List.copyOf(graph.getLossVariables());
        graph.setLossVariables(losses.stream()
                .map(loss -> graph.getVariable(loss).sum("total of " + loss).name())
                .toArray(String[]::new));
        Quiet.run(() -> gradients.putAll(graph.calculateGradients(batch, names)));
        graph.getFunction("grad")
                .getOps()
                .values()
                .forEach(op -> operations.accept(op.getOp().opName()));
        losses.forEach(loss -> graph.getOps()
                .remove(graph.getVariables().remove("total of " + loss).getOutputOfOp()));
        graph.setLossVariables(losses.toArray(String[]::new));
        return gradients;
    }

    public static double loss(SameDiff graph, Map<String, INDArray> batch, List<String> losses) {
        return stockOutput(graph, batch, losses).values().stream()
                .mapToDouble(loss -> loss.sumNumber().doubleValue())
                .sum();
    }

    /** What stock SameDiff computes in a new session: its array cache breaks the order of arrays that it held. */
    public static Map<String, INDArray> stockOutput(SameDiff graph, Map<String, INDArray> batch, List<String> names) {
        graph.getSessions().clear();
        return graph.output(batch, names);
    }

    /** Runs stock SameDiff without the line that it prints for every operation that it differentiates. */
    public static void quietly(Runnable action) {
        Quiet.run(action);
    }

    /** The relative L2 distance, in DOUBLE; the absolute one where {@code expected} is zero. */
    public static double distance(INDArray got, INDArray expected) {
        INDArray wide = expected.castTo(DataType.DOUBLE);
        double norm = wide.norm2Number().doubleValue();
        double error = got.castTo(DataType.DOUBLE).sub(wide).norm2Number().doubleValue();
        return norm == 0 ? error : error / norm;
    }
}
