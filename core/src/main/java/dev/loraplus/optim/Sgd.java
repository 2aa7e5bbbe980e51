package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** PyTorch's {@code torch.optim.SGD} without dampening; the decay goes through the gradient. */
final class Sgd extends SlotOptimizer {
    private final double momentum;
    private final boolean nesterov;

    private Sgd(double momentum, boolean nesterov, String... slots) {
        super(slots);
        this.momentum = momentum;
        this.nesterov = nesterov;
    }

    static Sgd of(double momentum, boolean nesterov) {
        if (!(momentum >= 0 && momentum < 1) || (nesterov && momentum == 0)) {
            throw new IllegalArgumentException(
                    "momentum must be in " + (nesterov ? "(0, 1)" : "[0, 1)") + ", got " + momentum + ".");
        }
        return momentum == 0 ? new Sgd(0, false) : new Sgd(momentum, nesterov, "momentum");
    }

    @Override
    public String name() {
        return (nesterov ? "Nesterov" : "SGD") + "(momentum=" + momentum + ")";
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        addDecay(parameter, gradient, step);
        if (momentum > 0) {
            INDArray buffer = slot(kept, "momentum").muli(momentum).addi(gradient);
            if (nesterov) {
                gradient.addi(buffer.mul(momentum));
            } else {
                gradient.assign(buffer);
            }
        }
        if (!step.isZero(step.rate())) {
            parameter.subi(gradient.muli(step.rate()));
        }
    }
}
