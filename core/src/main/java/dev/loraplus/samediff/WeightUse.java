package dev.loraplus.samediff;

import java.util.Locale;

/**
 * One use of a weight by an operation, and how the adapter reaches it.
 *
 * @param operation the operation's name in the graph
 * @param kind the operation's kind, for example {@code matmul}
 * @param input which input of the operation the weight is
 * @param form how the low-rank change is added
 * @param transposed whether the operation takes the transpose of what is stored
 * @since 0.1.0
 */
public record WeightUse(String operation, String kind, int input, Form form, boolean transposed) {

    /** How the low-rank change of a weight reaches an operation. */
    public enum Form {
        /** A branch beside x &middot; W: y = x&middot;W + ((x&middot;A)&middot;scaling)&middot;B. */
        BRANCH_RIGHT,
        /** A branch beside W &middot; x, with the factors' transposes as the shapes ask for. */
        BRANCH_LEFT,
        /** A branch beside the rows of W that are looked up: y = W[i] + (A[i]&middot;scaling)&middot;B. */
        BRANCH_LOOKUP,
        /** The operation takes W + scaling&middot;A&middot;B in place of W. */
        EFFECTIVE_WEIGHT
    }

    @Override
    public String toString() {
        return kind + " '" + operation + "' input " + input + ": "
                + form.name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + (transposed ? ", transposed" : "");
    }
}
