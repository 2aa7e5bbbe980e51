package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** PyTorch's {@code torch.optim.RMSprop}, not centred and without momentum; the decay goes through the gradient. */
final class RmsProp extends SlotOptimizer {
    private final double alpha;
    private final double epsilon;

    RmsProp(double alpha, double epsilon) {
        super("squares");
        if (!(alpha >= 0 && alpha < 1)) {
            throw new IllegalArgumentException("alpha must be in [0, 1), got " + alpha + ".");
        }
        Checks.positive("epsilon", epsilon);
        this.alpha = alpha;
        this.epsilon = epsilon;
    }

    @Override
    public String name() {
        return "RMSProp(alpha=" + alpha + ", epsilon=" + epsilon + ")";
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        addDecay(parameter, gradient, step);
        INDArray squares = slot(kept, "squares");
        addSquares(squares, gradient, alpha);
        if (!step.isZero(step.rate())) {
            INDArray root = Transforms.sqrt(squares, true).addi(epsilon);
            parameter.subi(gradient.muli(step.rate()).divi(root));
        }
    }
}
