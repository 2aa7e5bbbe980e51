package dev.loraplus.optim;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;

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
 * <p>Holds m and v of each parameter, by name, in the parameter's own type. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class AdamW {
    /**
     * A count of steps after which ND4J's own bias correction is exactly 1 for every allowed beta. ND4J computes it in
     * the arrays' type, where 1 - beta2^t cancels; here it is made in double.
     */
    private static final int NO_CORRECTION = 1 << 30;

    private static final double LARGEST_BETA = 0.999999;

    /**
     * Holds the constants of the method.
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

        private static void requireBeta(String name, double value) {
            if (!(value >= 0 && value <= LARGEST_BETA)) {
                throw new IllegalArgumentException(name + " must be in [0, " + LARGEST_BETA + "], got " + value + ".");
            }
        }
    }

    /**
     * Holds the running means of one parameter, in its shape and type.
     *
     * @param m the mean of the gradients
     * @param v the mean of the squared gradients
     */
    public record Moments(INDArray m, INDArray v) {}

    private final Config config;
    private final Map<String, Moments> state = new LinkedHashMap<>();

    /** Creates the updater with PyTorch's defaults. */
    public AdamW() {
        this(Config.DEFAULT);
    }

    /** Creates the updater with constants of your choice. */
    public AdamW(Config config) {
        this.config = config;
    }

    /**
     * Takes one step with one parameter.
     *
     * @param name what its running means are kept under
     * @param parameter the values, FLOAT or DOUBLE; changed in place, but for rate 0, which leaves every bit
     * @param gradient the gradient, in the same shape and type; <b>overwritten</b>
     * @param step how many steps this parameter has taken before: 0 for the first
     * @param rate the learning rate of this step: finite and at least 0
     * @param decay the decoupled weight decay: finite and at least 0
     * @throws IllegalArgumentException if a number lies outside its range, the type is neither FLOAT nor DOUBLE, or
     *     shape or type of the gradient or of the running means differ from the parameter's; nothing is changed then
     */
    public void update(String name, INDArray parameter, INDArray gradient, long step, double rate, double decay) {
        requireFits(name, parameter, gradient);
        Checks.notNegative("The learning rate of '" + name + "'", rate);
        Checks.notNegative("The weight decay of '" + name + "'", decay);
        if (step < 0) {
            throw new IllegalArgumentException("The step of '" + name + "' must be at least 0, got " + step + ".");
        }
        Moments moments = state.computeIfAbsent(name, key -> zeros(parameter));
        requireSame(name, "running mean", parameter, moments.m());
        DataType type = parameter.dataType();
        double correction1 = 1 - Math.pow(asHeld(config.beta1(), type), step + 1.0);
        double correction2 = Math.sqrt(1 - Math.pow(asHeld(config.beta2(), type), step + 1.0));
        double stepSize = rate * correction2 / correction1;
        Nd4j.exec(new AdamUpdater(
                gradient,
                moments.v(),
                moments.m(),
                stepSize,
                config.beta1(),
                config.beta2(),
                config.epsilon() * correction2,
                NO_CORRECTION));
        if (asHeld(stepSize, type) == 0) {
            return; // ND4J took epsilon for a step size of 0
        }
        if (decay != 0) {
            parameter.muli(1 - rate * decay);
        }
        parameter.subi(gradient);
    }

    /** Returns the running means by name of the parameter: a live, unmodifiable view, in order of first update. */
    public Map<String, Moments> state() {
        return Collections.unmodifiableMap(state);
    }

    /** Replaces the running means, for example by those of a checkpoint; the arrays are copied. */
    public void restore(Map<String, Moments> moments) {
        state.clear();
        moments.forEach((name, pair) ->
                state.put(name, new Moments(pair.m().dup('c'), pair.v().dup('c'))));
    }

    private static Moments zeros(INDArray parameter) {
        return new Moments(
                Nd4j.create(parameter.dataType(), parameter.shape(), 'c'),
                Nd4j.create(parameter.dataType(), parameter.shape(), 'c'));
    }

    /** Returns the value as the arrays' type holds it, so that the correction is for the beta that is really used. */
    private static double asHeld(double value, DataType type) {
        return type == DataType.FLOAT ? (float) value : value;
    }

    private static void requireFits(String name, INDArray parameter, INDArray gradient) {
        DataType type = parameter.dataType();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException("Parameter '" + name + "' must be FLOAT or DOUBLE, got " + type
                    + "; keep its trained copy in FLOAT.");
        }
        requireSame(name, "gradient", parameter, gradient);
    }

    private static void requireSame(String name, String what, INDArray parameter, INDArray other) {
        if (other.dataType() != parameter.dataType() || !Arrays.equals(other.shape(), parameter.shape())) {
            throw new IllegalArgumentException(
                    "The " + what + " of '" + name + "' must be " + parameter.dataType() + " "
                            + Arrays.toString(parameter.shape()) + " as the parameter, got " + other.dataType() + " "
                            + Arrays.toString(other.shape()) + ".");
        }
    }
}
