package dev.loraplus.io;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Describes one place of a model that an adapter file must fill.
 *
 * @param name the name of the weight or variable in the model
 * @param kind whether it takes two factors or is replaced as a whole
 * @param shape {@code {nIn, nOut}} of the matrix in x &middot; W for factors; the variable's own shape for a saved one
 * @param transposed whether PyTorch holds a saved variable as the transpose; without meaning for factors
 * @param layout how the file holds factors; without meaning for a saved variable
 * @param biasOf the adapted weight whose bias a saved variable is; {@code null} if it is none
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier between two layers, never compared
public record Slot(
        String name,
        Kind kind,
        long[] shape,
        boolean transposed,
        FactorLayout layout,
        @Nullable String biasOf) {
    /** Says what a slot takes. */
    public enum Kind {
        /** A pair of factors. */
        FACTORS,
        /** A fully trained variable. */
        SAVED
    }

    /** Returns the slot of a linear weight, which acts as a matrix {@code [nIn, nOut]} in x &middot; W. */
    public static Slot factors(String name, long nIn, long nOut) {
        return factors(name, nIn, nOut, FactorLayout.linear());
    }

    /** Returns the slot of a weight that acts as a matrix {@code [nIn, nOut]}, with a layout of its own. */
    public static Slot factors(String name, long nIn, long nOut, FactorLayout layout) {
        return new Slot(name, Kind.FACTORS, new long[] {nIn, nOut}, false, layout, null);
    }

    /** Returns the slot of a fully trained variable. */
    public static Slot saved(String name, long[] shape, boolean transposed) {
        return new Slot(name, Kind.SAVED, shape, transposed, FactorLayout.linear(), null);
    }

    /** Returns the slot of the bias of an adapted weight, trained along with its factors. */
    public static Slot bias(String name, long[] shape, String weight) {
        return new Slot(name, Kind.SAVED, shape, false, FactorLayout.linear(), weight);
    }

    /** Returns the key of a saved variable in the file. */
    String savedKey() {
        return PeftKeys.saved(name, biasOf);
    }

    @Override
    public String toString() {
        return "'" + name + "' " + Arrays.toString(shape);
    }
}
