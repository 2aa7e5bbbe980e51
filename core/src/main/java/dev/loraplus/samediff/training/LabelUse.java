package dev.loraplus.samediff.training;

import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;

/** Finds out whether a loss is linear in its labels, as a cross entropy is and a squared error is not. */
final class LabelUse {
    private static final Set<String> CROSS_ENTROPIES =
            Set.of("softmax_cross_entropy_loss", "softmax_cross_entropy_loss_with_logits");
    private static final Set<String> PASSING = Set.of(
            "cast",
            "identity",
            "reshape",
            "permute",
            "transpose",
            "expand_dims",
            "squeeze",
            "neg",
            "sum",
            "reduce_sum",
            "mean",
            "reduce_mean");
    private static final String PRODUCT = "multiply";

    private LabelUse() {}

    /**
     * Checks every use of the labels that reaches a loss.
     *
     * @throws IllegalArgumentException if one is neither a cross entropy nor a product with the labels
     */
    static void requireLinear(SameDiff graph, String labels, String option) {
        if (!graph.getVariable(labels).dataType().isFPType()) {
            throw new IllegalArgumentException(option + " needs one-hot labels of a floating-point type, but '" + labels
                    + "' is " + graph.getVariable(labels).dataType() + "; give the graph one-hot labels.");
        }
        Set<String> needed = ancestors(graph);
        Set<String> dependent = new HashSet<>(Set.of(labels));
        Deque<String> open = new ArrayDeque<>(dependent);
        while (!open.isEmpty()) {
            String variable = open.pop();
            for (String reader : Graphs.readers(graph, variable)) {
                SameDiffOp operation = Graphs.operation(graph, reader);
                String kind = operation.getOp().opName();
                if (!needed.contains(reader) || CROSS_ENTROPIES.contains(kind)) {
                    continue;
                }
                boolean linear = PASSING.contains(kind) || kind.equals(PRODUCT);
                long factors = operation.getInputsToOp().stream()
                        .filter(dependent::contains)
                        .count();
                if (!linear || factors > 1) {
                    throw refusal(labels, option, kind, reader);
                }
                operation.getOutputsOfOp().stream().filter(dependent::add).forEach(open::push);
            }
        }
    }

    private static IllegalArgumentException refusal(String labels, String option, String kind, String operation) {
        return new IllegalArgumentException(option + " can't be expressed by changing the labels '" + labels
                + "': the loss takes them by '" + kind + "' ('" + operation
                + "'), and is no cross entropy with one-hot labels. Use softmaxCrossEntropy, or build " + option
                + " into the graph's loss.");
    }

    /** Returns the operations that a loss depends on. */
    private static Set<String> ancestors(SameDiff graph) {
        Set<String> operations = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(Graphs.losses(graph));
        while (!open.isEmpty()) {
            SameDiffOp producer = Graphs.producer(graph, open.pop());
            if (producer != null && operations.add(producer.getName())) {
                List<String> inputs = producer.getInputsToOp();
                if (inputs != null) {
                    inputs.forEach(open::push);
                }
            }
        }
        return operations;
    }
}
