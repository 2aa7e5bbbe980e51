package dev.loraplus;

/**
 * Says which biases of the base are trained beside the factors (PEFT: {@code bias}).
 *
 * @since 0.1.0
 */
public enum Bias {
    /** Trains no bias of the base: PEFT's {@code "none"}. */
    NONE,
    /** Trains every bias of the model: PEFT's {@code "all"}. */
    ALL,
    /** Trains the biases of adapted modules only: PEFT's {@code "lora_only"}. */
    LORA_ONLY
}
