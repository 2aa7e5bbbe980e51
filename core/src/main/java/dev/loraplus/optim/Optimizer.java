package dev.loraplus.optim;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Turns gradients into changes of parameters, each with a rate and a weight decay of its own.
 *
 * <p>What it keeps between steps is held by name of the parameter, in slots such as {@code m} and {@code v}, so that a
 * checkpoint can carry it. One optimizer belongs to one training. Implementations need not be thread-safe.
 *
 * @since 0.1.0
 */
public interface Optimizer {
    /**
     * Takes one step with one parameter.
     *
     * @param name what the parameter's slots are kept under
     * @param parameter the values, FLOAT or DOUBLE; changed in place, but for rate 0, which leaves every bit
     * @param gradient the gradient, in the same shape and type; <b>overwritten</b>
     * @param step how many steps this parameter has taken before: 0 for the first
     * @param rate the learning rate of this step: finite and at least 0
     * @param decay the weight decay: finite and at least 0
     * @throws IllegalArgumentException if a number lies outside its range, the type is neither FLOAT nor DOUBLE, or
     *     shape or type of the gradient or of a slot differ from the parameter's; nothing is changed then
     */
    void update(String name, INDArray parameter, INDArray gradient, long step, double rate, double decay);

    /** Returns the arrays by parameter and slot: live and unmodifiable, in order of first update. */
    Map<String, Map<String, INDArray>> state();

    /**
     * Replaces what is kept, for example by that of a checkpoint; the arrays are copied.
     *
     * @throws IllegalArgumentException if a parameter's slots are not those of this optimizer; nothing is changed then
     */
    void restore(Map<String, Map<String, INDArray>> state);

    /** Returns the method and its constants, for people and for a checkpoint to compare. */
    String name();
}
