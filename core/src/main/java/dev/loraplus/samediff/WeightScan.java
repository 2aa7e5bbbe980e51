package dev.loraplus.samediff;

import dev.loraplus.io.FactorLayout;
import dev.loraplus.samediff.WeightUse.Form;
import dev.loraplus.samediff.surgery.Graphs;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Finds the weights of a graph that can be adapted, every use of each, and which side of each is its output. */
final class WeightScan {
    private final SameDiff graph;
    private final WeightViews views;

    WeightScan(SameDiff graph) {
        this.graph = graph;
        views = new WeightViews(graph);
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
        Optional<MatrixView> product = Optional.empty();
        Optional<MatrixView> other = Optional.empty();
        FactorLayout layout = FactorLayout.linear();
        for (String name : Graphs.readers(graph, variable.getName())) {
            SameDiffOp operation = Graphs.operation(graph, name);
            List<String> inputs = operation.getInputsToOp();
            for (int i = 0; i < inputs.size(); i++) {
                if (inputs.get(i).equals(variable.getName())) {
                    int input = i;
                    uses.add(use(operation, input, shape));
                    product = product.or(() -> views.ofProduct(operation, input, shape));
                    Optional<MatrixView> sides = views.ofOther(operation, input, shape);
                    if (other.isEmpty() && sides.isPresent()) {
                        layout = views.layout(operation, input, shape);
                        other = sides;
                    }
                }
            }
        }
        return new AdaptableWeight(
                variable.getName(),
                variable.getVariable().dataType(),
                product.isPresent() ? product.get() : other.orElseGet(() -> MatrixView.outputLast(shape)),
                product.isPresent(),
                List.copyOf(uses),
                product.isPresent() ? FactorLayout.linear() : layout);
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
            if (kind.equals("matmul") && !Graphs.flag(op, 2) && !isScaled(op) && !readsStored(operation, input)) {
                form = input == 1 ? Form.BRANCH_RIGHT : Form.BRANCH_LEFT;
                transposed = Graphs.flag(op, input);
            } else if (kind.equals("xw_plus_b")
                    && input == 1
                    && op.numIArguments() == 0
                    && !readsStored(operation, input)) {
                form = Form.BRANCH_RIGHT;
            } else if (WeightViews.isLookup(op, input, shape)
                    && operation.getInputsToOp().size() == 2) {
                form = Form.BRANCH_LOOKUP;
            }
        }
        return new WeightUse(operation.getName(), kind, input, form, transposed);
    }

    /** A product of two stored arrays may have both adapted: then neither can be a branch beside the other's base. */
    private boolean readsStored(SameDiffOp operation, int input) {
        return Graphs.isStored(graph.getVariable(operation.getInputsToOp().get(1 - input)));
    }

    private static boolean isScaled(DynamicCustomOp op) {
        return op.numTArguments() > 0 && op.getTArgument(0) != 1;
    }
}
