package dev.loraplus.optim;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Declares a parameter that is trained: what it is called, how large it is and what it does in the model.
 *
 * <p>Whoever makes the parameter declares it; nothing is guessed from its name.
 *
 * @param name a name that no other trained parameter has
 * @param shape its shape, copied in and out
 * @param kind what it does in the model
 * @since 0.1.0
 */
@SuppressWarnings("ArrayRecordComponent")
public record TrainedParameter(String name, long[] shape, Kind kind) {
    /** Says what a trained parameter does in the model. */
    public enum Kind {
        /** The input side {@code [nIn, r]} of a pair of factors. */
        FACTOR_A,
        /** The output side {@code [r, nOut]} of a pair of factors. */
        FACTOR_B,
        /** The input side {@code [V, r]} of a pair of factors on an embedding, looked up by row. */
        EMBEDDING_A,
        /** The output side {@code [r, n]} of a pair of factors on an embedding. */
        EMBEDDING_B,
        /** The bias {@code [nOut]} of a factor B. */
        FACTOR_B_BIAS,
        /** A bias of the base that is trained along with the factors. */
        BASE_BIAS,
        /** The magnitudes of DoRA, one for each output of a matrix or column of an embedding. */
        MAGNITUDE,
        /** The magnitudes of DoRA on a convolution, one for each output channel. */
        CONV_MAGNITUDE,
        /** An array of a module that is trained fully, other than a bias or a norm. */
        WEIGHT,
        /** The bias of a module that is trained fully. */
        BIAS,
        /** The gain or shift of a layer normalisation, or the shift of another normalisation. */
        NORM,
        /** The gain of a normalisation other than LayerNorm, such as BatchNorm or RMSNorm. */
        OTHER_NORM_GAIN
    }

    /** Checks that all values are there and copies the shape. */
    public TrainedParameter {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(kind, "kind must not be null");
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Returns the number of values. */
    public long length() {
        return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TrainedParameter that
                && name.equals(that.name)
                && Arrays.equals(shape, that.shape)
                && kind == that.kind;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, Arrays.hashCode(shape), kind);
    }

    @Override
    public String toString() {
        return "TrainedParameter[name=" + name + ", shape=" + Arrays.toString(shape) + ", kind=" + kind + "]";
    }
}
