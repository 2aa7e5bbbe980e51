package dev.loraplus.samediff;

import dev.loraplus.samediff.WeightUse.Form;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Finds the weights of a graph that can be adapted, every use of each, and which side of each is its output. */
final class WeightScan {
    /** Convolutions: input 1 is the weight; the layout flag says whether its output channels come first. */
    private static final Map<String, Integer> CONVOLUTION_LAYOUT_ARGUMENT =
            Map.of("conv1d", 6, "causal_conv1d", 6, "conv2d", 10, "conv3dnew", 14);

    private final SameDiff graph;

    WeightScan(SameDiff graph) {
        this.graph = graph;
    }

    /** Returns every floating-point variable or constant of rank 2 or more that an operation takes. */
    List<AdaptableWeight> adaptable() {
        List<AdaptableWeight> weights = new ArrayList<>();
        for (Variable variable : graph.getVariables().values()) {
            SDVariable weight = variable.getVariable();
            if (Graphs.isStored(weight)
                    && weight.dataType().isFPType()
                    && !Graphs.readers(graph, variable.getName()).isEmpty()) {
                long[] shape = weight.getArr().shape();
                if (shape.length >= 2) {
                    weights.add(describe(variable, shape));
                }
            }
        }
        return weights;
    }

    private AdaptableWeight describe(Variable variable, long[] shape) {
        List<WeightUse> uses = new ArrayList<>();
        Optional<MatrixView> view = Optional.empty();
        for (String name : Graphs.readers(graph, variable.getName())) {
            SameDiffOp operation = Graphs.operation(graph, name);
            List<String> inputs = operation.getInputsToOp();
            for (int input = 0; input < inputs.size(); input++) {
                if (inputs.get(input).equals(variable.getName())) {
                    uses.add(use(operation, input, shape));
                    if (view.isEmpty()) {
                        view = viewOf(operation, input, shape);
                    }
                }
            }
        }
        return new AdaptableWeight(
                variable.getName(),
                variable.getVariable().dataType(),
                view.orElseGet(() -> otherView(variable, shape)),
                view.isPresent(),
                List.copyOf(uses));
    }

    private WeightUse use(SameDiffOp operation, int input, long[] shape) {
        DynamicCustomOp op = operation.getOp() instanceof DynamicCustomOp custom ? custom : null;
        String kind = operation.getOp().opName();
        boolean once = operation.getInputsToOp().stream()
                        .filter(operation.getInputsToOp().get(input)::equals)
                        .count()
                == 1;
        Form form = Form.EFFECTIVE_WEIGHT;
        boolean transposed = false;
        if (op != null && once && shape.length == 2) {
            if (kind.equals("matmul") && !Graphs.flag(op, 2)) {
                form = input == 1 ? Form.BRANCH_RIGHT : Form.BRANCH_LEFT;
                transposed = Graphs.flag(op, input);
            } else if (kind.equals("xw_plus_b") && input == 1 && op.numIArguments() == 0) {
                form = Form.BRANCH_RIGHT;
            }
        }
        return new WeightUse(operation.getName(), kind, input, form, transposed);
    }

    /** Returns how a matrix multiplication reads the weight, directly or behind permute and reshape; else empty. */
    private Optional<MatrixView> viewOf(SameDiffOp operation, int input, long[] shape) {
        if (!(operation.getOp() instanceof DynamicCustomOp op)) {
            return Optional.empty();
        }
        return switch (op.opName()) {
            case "matmul" ->
                shape.length == 2
                        ? Optional.of(MatrixView.matrix(shape, (input == 0) != Graphs.flag(op, input)))
                        : Optional.of(MatrixView.outputLast(shape));
            case "xw_plus_b" -> input == 1 ? Optional.of(MatrixView.outputLast(shape)) : Optional.empty();
            case "batched_gemm" -> input < 2 ? Optional.empty() : Optional.of(batchedView(operation, input, shape));
            case "tensordot" -> Optional.of(contractedView(op, input, shape));
            case "permute", "transpose" ->
                shape.length == 2
                        ? viewBehind(operation, new long[] {shape[1], shape[0]}).map(MatrixView::transposed)
                        : Optional.empty();
            case "reshape" -> viewBehindReshape(operation, shape);
            default -> Optional.empty();
        };
    }

    private MatrixView batchedView(SameDiffOp operation, int input, long[] shape) {
        DynamicCustomOp op = (DynamicCustomOp) operation.getOp();
        boolean left = input - 2 < (operation.getInputsToOp().size() - 2) / 2;
        return MatrixView.matrix(shape, left != Graphs.flag(op, left ? 0 : 1));
    }

    /** The contracted dimensions of a tensor product are the input side; they must lead or trail to be told apart. */
    private static MatrixView contractedView(DynamicCustomOp op, int input, long[] shape) {
        long[] arguments = op.iArgs();
        int start = input == 0 ? 1 : 2 + (int) arguments[0];
        long[] axes = Arrays.stream(Arrays.copyOfRange(arguments, start, start + (int) arguments[start - 1]))
                .map(axis -> axis < 0 ? axis + shape.length : axis)
                .sorted()
                .toArray();
        boolean contiguous = axes[axes.length - 1] - axes[0] == axes.length - 1;
        if (contiguous && axes.length < shape.length && axes[0] == 0) {
            return new MatrixView(shape, axes.length, false);
        }
        if (contiguous && axes.length < shape.length && axes[axes.length - 1] == shape.length - 1) {
            return new MatrixView(shape, shape.length - axes.length, true);
        }
        return MatrixView.outputLast(shape);
    }

    private Optional<MatrixView> viewBehind(SameDiffOp operation, long[] shape) {
        String output = operation.getOutputsOfOp().get(0);
        for (String name : Graphs.readers(graph, output)) {
            SameDiffOp next = Graphs.operation(graph, name);
            Optional<MatrixView> view = viewOf(next, next.getInputsToOp().indexOf(output), shape);
            if (view.isPresent()) {
                return view;
            }
        }
        return Optional.empty();
    }

    private Optional<MatrixView> viewBehindReshape(SameDiffOp operation, long[] shape) {
        long[] reshaped = graph.getVariable(operation.getOutputsOfOp().get(0)).getShape();
        if (reshaped == null || Arrays.stream(reshaped).anyMatch(size -> size < 1)) {
            return viewBehind(operation, shape).map(view -> MatrixView.outputLast(shape));
        }
        return viewBehind(operation, reshaped)
                .map(view -> Arrays.equals(reshaped, shape)
                        ? view
                        : view.outputFirst() ? MatrixView.outputFirst(shape) : MatrixView.outputLast(shape));
    }

    private MatrixView otherView(Variable variable, long[] shape) {
        for (String name : Graphs.readers(graph, variable.getName())) {
            SameDiffOp operation = Graphs.operation(graph, name);
            Integer layout = CONVOLUTION_LAYOUT_ARGUMENT.get(operation.getOp().opName());
            if (layout != null
                    && operation.getInputsToOp().indexOf(variable.getName()) == 1
                    && operation.getOp() instanceof DynamicCustomOp op
                    && op.numIArguments() > layout
                    && op.getIArgument(layout) > 0) {
                return MatrixView.outputFirst(shape);
            }
        }
        return MatrixView.outputLast(shape);
    }
}
