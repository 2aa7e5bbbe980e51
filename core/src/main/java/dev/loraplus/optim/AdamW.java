package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Updates parameters as PyTorch's {@code torch.optim.AdamW}, each with a rate and a decoupled decay of its own.
 *
 * <p>With gradient g and t = step + 1:
 *
 * <pre>
 * p &larr; p (1 - rate decay)
 * m &larr; beta1 m + (1 - beta1) g
 * v &larr; beta2 v + (1 - beta2) g&sup2;
 * p &larr; p - rate (m / (1 - beta1^t)) / (&radic;(v / (1 - beta2^t)) + epsilon)
 * </pre>
 *
 * <p>Holds the slots {@code m} and {@code v} of each parameter in the parameter's own type. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class AdamW extends SlotOptimizer {
    private static final double LARGEST_BETA = 0.999999;

    /**
     * Holds the constants of Adam and its relatives.
     *
     * @param beta1 how much of m is kept in a step: in [0, 0.999999]
     * @param beta2 how much of v is kept in a step: in [0, 0.999999]
     * @param epsilon what is added to the root: finite and above 0
     */
    public record Config(double beta1, double beta2, double epsilon) {
        /** PyTorch's defaults: 0.9, 0.999 and 1e-8. */
        public static final Config DEFAULT = new Config(0.9, 0.999, 1e-8);

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value lies outside its range
         */
        public Config {
            requireBeta("beta1", beta1);
            requireBeta("beta2", beta2);
            Checks.positive("epsilon", epsilon);
        }

        String constants() {
            return "(beta1=" + beta1 + ", beta2=" + beta2 + ", epsilon=" + epsilon + ")";
        }

        private static void requireBeta(String name, double value) {
            if (!(value >= 0 && value <= LARGEST_BETA)) {
                throw new IllegalArgumentException(name + " must be in [0, " + LARGEST_BETA + "], got " + value + ".");
            }
        }
    }

    private final AdamMethod method;

    /** Creates the updater with PyTorch's defaults. */
    public AdamW() {
        this(Config.DEFAULT);
    }

    /** Creates the updater with constants of your choice. */
    public AdamW(Config config) {
        this(new AdamMethod(config, false));
    }

    private AdamW(AdamMethod method) {
        super(method.slots());
        this.method = method;
    }

    @Override
    public String name() {
        return "AdamW" + method.config().constants();
    }

    @Override
    void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step) {
        if (!method.apply(kept, gradient, step)) {
            return;
        }
        if (step.decay() != 0) {
            parameter.muli(1 - step.rate() * step.decay());
        }
        parameter.subi(gradient);
    }
}
