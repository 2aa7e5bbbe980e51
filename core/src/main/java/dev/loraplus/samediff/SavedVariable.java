package dev.loraplus.samediff;

import dev.loraplus.optim.TrainedParameter.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A variable of the base to train, and what attaching needs to know about it.
 *
 * @param transposed whether PyTorch holds its transpose
 * @param kind what it does in the model
 * @param biasOf the adapted weight whose bias it is, trained along with the factors; else {@code null}
 */
record SavedVariable(
        String name,
        boolean transposed,
        Kind kind,
        @Nullable String biasOf) {}
