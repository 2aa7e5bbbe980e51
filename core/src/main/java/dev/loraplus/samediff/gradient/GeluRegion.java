package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.ScalarOp;

/**
 * A part of a graph between one input and one output that computes x/2 &middot; (1 + erf(x/&radic;2)), however it is
 * composed.
 *
 * <p>What the part computes is found by evaluating it at a few points, so that no order of factors needs to be known.
 *
 * @param input the only value that enters
 * @param output the only value that anything outside reads
 */
record GeluRegion(String input, String output) {
    private static final double[] PROBES = {-6, -2.5, -1, -0.3, 0, 0.1, 0.7, 1.9, 4};
    private static final double TOLERANCE = 1e-6;
    private static final int LONGEST_PATH = 5;

    /** Finds the region around an erf; empty if what surrounds it is something else, or is read from outside. */
    static Optional<GeluRegion> around(GraphRewriter rewriter, SameDiffOp erf) {
        SameDiffOp scaling =
                Graphs.producer(rewriter.graph(), erf.getInputsToOp().get(0));
        if (scaling == null) {
            return Optional.empty();
        }
        for (String input : scaling.getInputsToOp()) {
            List<String> frontier = List.of(erf.getOutputsOfOp().get(0));
            for (int depth = 0; depth < LONGEST_PATH; depth++) {
                frontier = frontier.stream()
                        .flatMap(variable -> Graphs.readers(rewriter.graph(), variable).stream())
                        .distinct()
                        .map(reader -> Graphs.operation(rewriter.graph(), reader))
                        .filter(op -> op.getOutputsOfOp().size() == 1)
                        .map(op -> op.getOutputsOfOp().get(0))
                        .toList();
                for (String output : frontier) {
                    if (isGelu(rewriter, input, output)) {
                        return Optional.of(new GeluRegion(input, output));
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isGelu(GraphRewriter rewriter, String input, String output) {
        Set<String> inside = new HashSet<>();
        for (double x : PROBES) {
            OptionalDouble value = evaluate(rewriter, output, input, x, inside, 2 * LONGEST_PATH);
            double gelu = 0.5 * x * (1 + org.apache.commons.math3.special.Erf.erf(x / Math.sqrt(2)));
            if (value.isEmpty() || !(Math.abs(value.getAsDouble() - gelu) <= TOLERANCE)) {
                return false;
            }
        }
        return isClosed(rewriter, input, output, inside);
    }

    /** Nothing outside reads an inner value, and nothing but the region reads the input, gradients aside. */
    private static boolean isClosed(GraphRewriter rewriter, String input, String output, Set<String> inside) {
        List<String> owned = new ArrayList<>(inside);
        owned.remove(output);
        owned.add(input);
        for (String variable : owned) {
            for (String reader : Graphs.readers(rewriter.graph(), variable)) {
                SameDiffOp operation = Graphs.operation(rewriter.graph(), reader);
                boolean internal = operation.getOutputsOfOp().stream().anyMatch(inside::contains);
                if (!internal && reachesOtherThanGradients(rewriter, operation, input)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** A reader from outside is fine only if all it contributes to is the gradient of the input. */
    private static boolean reachesOtherThanGradients(GraphRewriter rewriter, SameDiffOp start, String input) {
        SDVariable variable = rewriter.graph().getVariable(input);
        if (!variable.hasGradient()) {
            return true;
        }
        String gradient = variable.getGradient().name();
        List<SameDiffOp> open = new ArrayList<>(List.of(start));
        Set<String> seen = new HashSet<>();
        while (!open.isEmpty()) {
            SameDiffOp operation = open.remove(open.size() - 1);
            for (String output : operation.getOutputsOfOp()) {
                if (!output.equals(gradient) && rewriter.isLive(output) && seen.add(output)) {
                    List<String> readers = Graphs.readers(rewriter.graph(), output);
                    if (readers.isEmpty()) {
                        return true;
                    }
                    readers.forEach(reader -> open.add(Graphs.operation(rewriter.graph(), reader)));
                }
            }
        }
        return false;
    }

    private static OptionalDouble evaluate(
            GraphRewriter rewriter, String variable, String input, double x, Set<String> inside, int depth) {
        if (variable.equals(input)) {
            return OptionalDouble.of(x);
        }
        SDVariable value = rewriter.graph().getVariable(variable);
        if (Graphs.isStored(value) && value.getArr().length() == 1 && rewriter.isFrozen(variable)) {
            return OptionalDouble.of(value.getArr().getDouble(0));
        }
        SameDiffOp operation = Graphs.producer(rewriter.graph(), variable);
        if (operation == null || depth == 0 || operation.getOutputsOfOp().size() != 1) {
            return OptionalDouble.empty();
        }
        double[] arguments = new double[operation.getInputsToOp().size()];
        for (int i = 0; i < arguments.length; i++) {
            OptionalDouble argument =
                    evaluate(rewriter, operation.getInputsToOp().get(i), input, x, inside, depth - 1);
            if (argument.isEmpty()) {
                return argument;
            }
            arguments[i] = argument.getAsDouble();
        }
        inside.add(variable);
        return apply(operation, arguments);
    }

    private static OptionalDouble apply(SameDiffOp operation, double[] arguments) {
        double first = arguments[0];
        double second = arguments.length > 1
                ? arguments[1]
                : operation.getOp() instanceof ScalarOp op ? op.scalar().getDouble(0) : Double.NaN;
        return switch (operation.getOp().opName()) {
            case "erf" -> OptionalDouble.of(org.apache.commons.math3.special.Erf.erf(first));
            case "multiply", "mul_scalar" -> OptionalDouble.of(first * second);
            case "add", "add_scalar" -> OptionalDouble.of(first + second);
            case "divide", "div_scalar" -> OptionalDouble.of(first / second);
            default -> OptionalDouble.empty();
        };
    }
}
