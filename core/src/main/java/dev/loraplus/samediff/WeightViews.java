package dev.loraplus.samediff;

import dev.loraplus.io.FactorLayout;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * Says which dimensions of a weight are its output side: those whose indices appear in the result of the operation.
 *
 * <p>Where the sides are not apart in storage, or an operation has none, the last dimension is the output side.
 */
final class WeightViews {
    /** Which argument of a convolution says how its weight is stored: 0, 1 and 2 are WeightsFormat's YXIO, OIYX, OYXI. */
    private static final Map<String, Integer> STORAGE_ARGUMENT = Map.of(
            "conv1d",
            6,
            "causal_conv1d",
            6,
            "conv2d",
            10,
            "conv3dnew",
            14,
            "depthwise_conv2d",
            10,
            "sconv2d",
            10,
            "deconv2d",
            10,
            "deconv3d",
            14);

    private final SameDiff graph;

    WeightViews(SameDiff graph) {
        this.graph = graph;
    }

    /** Returns how a matrix product takes a weight, directly or behind permute and reshape; else empty. */
    Optional<MatrixView> ofProduct(SameDiffOp operation, int input, long[] shape) {
        if (!(operation.getOp() instanceof DynamicCustomOp op)) {
            return Optional.empty();
        }
        return switch (op.opName()) {
            case "matmul" -> Optional.of(factor(shape, input == 0, Graphs.flag(op, input)));
            case "batched_gemm" -> input < 2 ? Optional.empty() : Optional.of(batched(operation, op, input, shape));
            case "tensordot" -> Optional.of(contracted(op, input, shape));
            case "xw_plus_b", "relu_layer" -> input == 1 ? Optional.of(MatrixView.outputLast(shape)) : Optional.empty();
            case "permute", "transpose" -> behindPermute(operation, input, shape);
            case "reshape" -> behindReshape(operation, input, shape);
            case "identity" -> behind(operation, shape);
            default -> Optional.empty();
        };
    }

    /** Returns how an operation that is no matrix product takes a weight; empty if it has no sides. */
    Optional<MatrixView> ofOther(SameDiffOp operation, int input, long[] shape) {
        if (!(operation.getOp() instanceof DynamicCustomOp op)) {
            return Optional.empty();
        }
        return switch (op.opName()) {
            case "conv1d", "causal_conv1d", "conv2d", "conv3dnew" -> Optional.of(convolved(op, shape));
            case "depthwise_conv2d", "sconv2d" -> Optional.of(input == 1 ? depthwise(op, shape) : convolved(op, shape));
            case "deconv2d", "deconv3d" ->
                Optional.of(
                        storage(op) > 0
                                ? new MatrixView(shape, 1, false)
                                : new MatrixView(shape, shape.length - 1, true));
            case "multi_head_dot_product_attention" ->
                Optional.of(shape.length == 3 ? new MatrixView(shape, 2, true) : MatrixView.outputLast(shape));
            case "gather" -> Optional.of(chosen(op, shape));
            case "slice", "strided_slice" ->
                isCutTable(operation, input, shape) ? Optional.of(MatrixView.outputLast(shape)) : Optional.empty();
            default -> Optional.empty();
        };
    }

    /** A factor of a matrix product: the rows of the left one and the columns of the right one are in the result. */
    private static MatrixView factor(long[] shape, boolean left, boolean transposed) {
        return new MatrixView(shape, shape.length - 1, left != transposed);
    }

    private static MatrixView batched(SameDiffOp operation, DynamicCustomOp op, int input, long[] shape) {
        boolean left = input - 2 < (operation.getInputsToOp().size() - 2) / 2;
        return factor(shape, left, Graphs.flag(op, left ? 0 : 1));
    }

    /** The contracted dimensions of a tensor product are the input side. */
    private static MatrixView contracted(DynamicCustomOp op, int input, long[] shape) {
        long[] arguments = op.iArgs();
        int start = input == 0 ? 1 : 2 + (int) arguments[0];
        boolean[] isInput = new boolean[shape.length];
        for (int i = start; i < start + (int) arguments[start - 1]; i++) {
            isInput[Math.floorMod(arguments[i], shape.length)] = true;
        }
        return sides(shape, isInput);
    }

    private static MatrixView convolved(DynamicCustomOp op, long[] shape) {
        return storage(op) > 0 ? MatrixView.outputFirst(shape) : MatrixView.outputLast(shape);
    }

    /** Kernel positions are the input side of a depthwise convolution; its channels and multiplier are the output. */
    private static MatrixView depthwise(DynamicCustomOp op, long[] shape) {
        return storage(op) == 2 ? MatrixView.outputLast(shape) : new MatrixView(shape, 2, storage(op) == 1);
    }

    /** The dimension that a look-up chooses from is the input side. */
    private static MatrixView chosen(DynamicCustomOp op, long[] shape) {
        boolean[] isInput = new boolean[shape.length];
        isInput[op.numIArguments() > 0 ? Math.floorMod(op.getIArgument(0), shape.length) : 0] = true;
        return sides(shape, isInput);
    }

    private static MatrixView sides(long[] shape, boolean[] isInput) {
        int split = 1;
        while (split < shape.length && isInput[split] == isInput[0]) {
            split++;
        }
        for (int i = split; i < shape.length; i++) {
            if (isInput[i] == isInput[0]) {
                return MatrixView.outputLast(shape);
            }
        }
        return split == shape.length ? MatrixView.outputLast(shape) : new MatrixView(shape, split, !isInput[0]);
    }

    private Optional<MatrixView> behind(SameDiffOp operation, long[] shape) {
        String output = operation.getOutputsOfOp().get(0);
        for (String name : Graphs.readers(graph, output)) {
            SameDiffOp next = Graphs.operation(graph, name);
            Optional<MatrixView> view = ofProduct(next, next.getInputsToOp().indexOf(output), shape);
            if (view.isPresent()) {
                return view;
            }
        }
        return Optional.empty();
    }

    private Optional<MatrixView> behindPermute(SameDiffOp operation, int input, long[] shape) {
        Optional<long[]> given = arguments(operation);
        if (input != 0 || (given.isEmpty() && operation.getOp().opName().equals("permute"))) {
            return Optional.empty();
        }
        int rank = shape.length;
        long[] order = given.orElseGet(() -> reversed(rank));
        long[] permuted =
                Arrays.stream(order).map(d -> shape[Math.floorMod(d, rank)]).toArray();
        return behind(operation, permuted).map(view -> {
            boolean[] isInput = new boolean[rank];
            for (int i = 0; i < rank; i++) {
                isInput[Math.floorMod(order[i], rank)] = i < view.split() != view.outputFirst();
            }
            return sides(shape, isInput);
        });
    }

    private Optional<MatrixView> behindReshape(SameDiffOp operation, int input, long[] shape) {
        Optional<long[]> given = arguments(operation);
        if (input != 0 || given.isEmpty()) {
            return Optional.empty();
        }
        long[] reshaped = complete(given.get(), shape);
        return reshaped.length < 2
                ? Optional.empty()
                : behind(operation, reshaped).map(view -> view.storedAs(shape));
    }

    /** Returns the dimensions that an operation was given, as arguments or as a constant; empty if it has none. */
    private Optional<long[]> arguments(SameDiffOp operation) {
        if (operation.getInputsToOp().size() > 1) {
            SDVariable given = graph.getVariable(operation.getInputsToOp().get(1));
            return Graphs.isStored(given) ? Optional.of(given.getArr().toLongVector()) : Optional.empty();
        }
        long[] arguments = ((DynamicCustomOp) operation.getOp()).iArgs();
        boolean ordered = arguments.length > 0
                && arguments[0] < -1
                && operation.getOp().opName().equals("reshape");
        long[] dimensions = ordered ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments;
        return dimensions.length == 0 ? Optional.empty() : Optional.of(dimensions);
    }

    private static long[] reversed(int rank) {
        long[] order = new long[rank];
        for (int i = 0; i < rank; i++) {
            order[i] = rank - 1L - i;
        }
        return order;
    }

    /** Fills in the dimension given as -1. */
    private static long[] complete(long[] given, long[] shape) {
        long length = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        long known = Arrays.stream(given).filter(size -> size > 0).reduce(1, (a, b) -> a * b);
        return Arrays.stream(given)
                .map(size -> size > 0 ? size : length / known)
                .toArray();
    }

    /**
     * Returns how files hold the factors of a weight that an operation takes at {@code input}: as PEFT does for
     * convolutions and embeddings, else as a linear layer's.
     */
    FactorLayout layout(SameDiffOp operation, int input, long[] shape) {
        if (!(operation.getOp() instanceof DynamicCustomOp op)) {
            return FactorLayout.linear();
        }
        return switch (op.opName()) {
            case "conv1d", "causal_conv1d", "conv2d", "conv3dnew" ->
                input == 1 ? FactorLayout.convolution(storage(op) != 1, kernel(op, shape)) : FactorLayout.linear();
            case "gather" -> isLookup(op, input, shape) ? FactorLayout.embedding() : FactorLayout.linear();
            case "slice", "strided_slice" ->
                isCutTable(operation, input, shape) ? FactorLayout.embedding() : FactorLayout.linear();
            default -> FactorLayout.linear();
        };
    }

    /** Returns whether an operation cuts a matrix for other things than products, as that of positions in a text is. */
    private boolean isCutTable(SameDiffOp operation, int input, long[] shape) {
        return input == 0 && shape.length == 2 && behind(operation, shape).isEmpty();
    }

    /** Returns whether an operation looks up rows of a matrix. */
    static boolean isLookup(DynamicCustomOp op, int input, long[] shape) {
        return op.opName().equals("gather")
                && input == 0
                && shape.length == 2
                && (op.numIArguments() == 0 || Math.floorMod(op.getIArgument(0), 2) == 0);
    }

    /** Returns whether a convolution has its channels last; the argument before the weight's storage says so. */
    static boolean channelsLast(DynamicCustomOp op) {
        Integer argument = STORAGE_ARGUMENT.get(op.opName());
        return argument != null && Graphs.flag(op, argument - 1);
    }

    private static long[] kernel(DynamicCustomOp op, long[] shape) {
        int first = storage(op) == 0 ? 0 : storage(op) == 1 ? 2 : 1;
        return Arrays.copyOfRange(shape, first, first + shape.length - 2);
    }

    private static long storage(DynamicCustomOp op) {
        Integer argument = STORAGE_ARGUMENT.get(op.opName());
        return argument == null || op.numIArguments() <= argument ? 0 : op.getIArgument(argument);
    }
}
