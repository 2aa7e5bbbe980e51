package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** PyTorch's {@code torch.optim.NAdam}; the decay goes through the gradient. */
final class Nadam extends SlotOptimizer {
    private final AdamW.Config config;
    private final double momentumDecay;
    private long multiplied;
    private double product = 1;

    Nadam(AdamW.Config config, double momentumDecay) {
        super("m", "v");
        Checks.notNegative("momentumDecay", momentumDecay);
        this.config = config;
        this.momentumDecay = momentumDecay;
    }

    @Override
    public String name() {
        return "Nadam" + config.constants() + "(momentumDecay=" + momentumDecay + ")";
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        addDecay(parameter, gradient, step);
        INDArray m = slot(kept, "m");
        INDArray v = slot(kept, "v");
        m.muli(config.beta1()).addi(gradient.mul(1 - config.beta1()));
        addSquares(v, gradient, config.beta2());
        if (step.isZero(step.rate())) {
            return;
        }
        double correction = 1 - Math.pow(config.beta2(), step.number());
        INDArray root = Transforms.sqrt(v.div(correction), false).addi(config.epsilon());
        double now = momentum(step.number());
        double next = momentum(step.number() + 1);
        double sofar = productTo(step.before() + 1);
        gradient.muli(step.rate() * (1 - now) / (1 - sofar));
        gradient.addi(m.mul(step.rate() * next / (1 - sofar * next)));
        parameter.subi(gradient.divi(root));
    }

    private double momentum(double number) {
        return config.beta1() * (1 - 0.5 * Math.pow(0.96, number * momentumDecay));
    }

    /** Returns the product of the momenta of all steps up to this one; continues from the last call where it can. */
    private double productTo(long number) {
        if (number < multiplied) {
            multiplied = 0;
            product = 1;
        }
        while (multiplied < number) {
            multiplied++;
            product *= momentum((double) multiplied);
        }
        return product;
    }
}
