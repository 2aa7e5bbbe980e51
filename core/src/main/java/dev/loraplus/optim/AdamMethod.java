package dev.loraplus.optim;

import static dev.loraplus.optim.SlotOptimizer.slot;

import dev.loraplus.optim.SlotOptimizer.Step;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.api.ops.impl.updaters.AmsGradUpdater;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes what Adam and its relatives subtract, in one operation of ND4J.
 *
 * @param config the constants
 * @param amsGrad whether the largest v so far takes the place of v
 */
record AdamMethod(AdamW.Config config, boolean amsGrad) {
    /**
     * A count of steps after which ND4J's own bias correction is exactly 1 for every allowed beta. ND4J computes it in
     * the arrays' type, where 1 - beta2^t cancels; here it is made in double.
     */
    private static final int NO_CORRECTION = 1 << 30;

    String[] slots() {
        return amsGrad ? new String[] {"m", "v", "vMax"} : new String[] {"m", "v"};
    }

    /**
     * Takes the gradient into the slots and overwrites it with what is to be subtracted.
     *
     * @return false if the step size is 0, where ND4J takes epsilon for it and the gradient means nothing
     */
    boolean apply(Map<String, INDArray> kept, INDArray gradient, Step step) {
        double correction1 = 1 - Math.pow(step.asHeld(config.beta1()), step.number());
        double correction2 = Math.sqrt(1 - Math.pow(step.asHeld(config.beta2()), step.number()));
        double size = step.rate() * correction2 / correction1;
        double epsilon = config.epsilon() * correction2;
        INDArray m = slot(kept, "m");
        INDArray v = slot(kept, "v");
        if (amsGrad) {
            Nd4j.exec(new AmsGradUpdater(
                    gradient, v, m, slot(kept, "vMax"), size, config.beta1(), config.beta2(), epsilon, NO_CORRECTION));
        } else {
            Nd4j.exec(new AdamUpdater(gradient, v, m, size, config.beta1(), config.beta2(), epsilon, NO_CORRECTION));
        }
        return !step.isZero(size);
    }
}
