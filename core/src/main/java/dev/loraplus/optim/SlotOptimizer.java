package dev.loraplus.optim;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Checks the arguments of a step and keeps the arrays of each parameter: what all optimizers here share. */
abstract class SlotOptimizer implements Optimizer {
    private final List<String> slots;
    private final Map<String, Map<String, INDArray>> state = new LinkedHashMap<>();

    SlotOptimizer(String... slots) {
        this.slots = List.of(slots);
    }

    @Override
    public final void update(String name, INDArray parameter, INDArray gradient, long step, double rate, double decay) {
        requireFits(name, parameter, gradient);
        Checks.notNegative("The learning rate of '" + name + "'", rate);
        Checks.notNegative("The weight decay of '" + name + "'", decay);
        if (step < 0) {
            throw new IllegalArgumentException("The step of '" + name + "' must be at least 0, got " + step + ".");
        }
        Map<String, INDArray> kept = state.computeIfAbsent(name, key -> zeros(parameter));
        kept.forEach((slot, array) -> requireSame(name, "slot '" + slot + "'", parameter, array));
        take(kept, parameter, gradient, new Step(step, rate, decay, parameter.dataType()));
    }

    /**
     * Takes a step whose arguments are checked.
     *
     * @param kept the arrays of this parameter by slot: zero before the first step; changed in place
     */
    abstract void take(Map<String, INDArray> kept, INDArray parameter, INDArray gradient, Step step);

    @Override
    public final Map<String, Map<String, INDArray>> state() {
        return Collections.unmodifiableMap(state);
    }

    @Override
    public final void restore(Map<String, Map<String, INDArray>> other) {
        other.forEach((name, kept) -> requireSlots(name, kept.keySet()));
        state.clear();
        other.forEach((name, kept) -> {
            Map<String, INDArray> copies = new LinkedHashMap<>();
            slots.forEach(slot -> copies.put(slot, slot(kept, slot).dup('c')));
            state.put(name, Collections.unmodifiableMap(copies));
        });
    }

    @Override
    public final String toString() {
        return name();
    }

    static INDArray slot(Map<String, INDArray> kept, String slot) {
        return Objects.requireNonNull(kept.get(slot), slot);
    }

    /** Adds decay &middot; parameter to the gradient: the decay of every torch class but AdamW. */
    static void addDecay(INDArray parameter, INDArray gradient, Step step) {
        if (step.decay() != 0) {
            gradient.addi(parameter.mul(step.decay()));
        }
    }

    /** Sets mean to keep &middot; mean + (1 - keep) &middot; gradient&sup2;. */
    static void addSquares(INDArray mean, INDArray gradient, double keep) {
        mean.muli(keep).addi(gradient.mul(gradient).muli(1 - keep));
    }

    /**
     * Holds the numbers of one step.
     *
     * @param before how many steps the parameter has taken before
     * @param rate the learning rate
     * @param decay the weight decay
     * @param type the type of all arrays
     */
    record Step(long before, double rate, double decay, DataType type) {
        /** Returns the number of this step, counted from 1. */
        double number() {
            return before + 1.0;
        }

        /** Returns whether the arrays' type holds the value as 0. */
        boolean isZero(double value) {
            return asHeld(value) == 0;
        }

        /** Returns the value as the arrays' type holds it. */
        double asHeld(double value) {
            return type == DataType.FLOAT ? (float) value : value;
        }
    }

    private Map<String, INDArray> zeros(INDArray parameter) {
        Map<String, INDArray> zeros = new LinkedHashMap<>();
        slots.forEach(slot -> zeros.put(slot, Nd4j.create(parameter.dataType(), parameter.shape(), 'c')));
        return Collections.unmodifiableMap(zeros);
    }

    private void requireSlots(String name, Set<String> given) {
        if (!given.equals(Set.copyOf(slots))) {
            throw new IllegalArgumentException("The state of '" + name + "' must have the slots " + slots + " for "
                    + name() + ", got " + given + "; restore it into the optimizer that made it.");
        }
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
