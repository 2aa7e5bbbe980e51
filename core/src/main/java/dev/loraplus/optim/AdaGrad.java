package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** PyTorch's {@code torch.optim.Adagrad}, its sums starting at 0; the decay goes through the gradient. */
final class AdaGrad extends SlotOptimizer {
    private final double epsilon;

    AdaGrad(double epsilon) {
        super("squares");
        Checks.positive("epsilon", epsilon);
        this.epsilon = epsilon;
    }

    @Override
    public String name() {
        return "AdaGrad(epsilon=" + epsilon + ")";
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        addDecay(parameter, gradient, step);
        INDArray squares = slot(kept, "squares");
        squares.addi(gradient.mul(gradient));
        if (!step.isZero(step.rate())) {
            INDArray root = Transforms.sqrt(squares, true).addi(epsilon);
            parameter.subi(gradient.muli(step.rate()).divi(root));
        }
    }
}
