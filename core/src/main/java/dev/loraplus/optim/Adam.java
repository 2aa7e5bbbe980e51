package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** PyTorch's {@code torch.optim.Adam}, with {@code amsgrad} or without; the decay goes through the gradient. */
final class Adam extends SlotOptimizer {
    private final AdamMethod method;

    Adam(AdamMethod method) {
        super(method.slots());
        this.method = method;
    }

    @Override
    public String name() {
        return (method.amsGrad() ? "AMSGrad" : "Adam") + method.config().constants();
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        addDecay(parameter, gradient, step);
        if (method.apply(kept, gradient, step)) {
            parameter.subi(gradient);
        }
    }
}
