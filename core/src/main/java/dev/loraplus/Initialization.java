package dev.loraplus;

/**
 * Says which factor starts at random and which at zero, so that A &middot; B = 0 and the adapted model starts equal to
 * its base.
 *
 * @since 0.1.0
 */
public enum Initialization {
    /**
     * Draws A uniformly from &plusmn;1/&radic;nIn and sets B to zero: PEFT's {@code init_lora_weights = true}, that is
     * {@code kaiming_uniform(a = sqrt(5))} on A (PEFT {@code LoraLayer.reset_lora_parameters}).
     */
    A_RANDOM_B_ZERO,
    /**
     * Draws B uniformly from &plusmn;1/&radic;r and sets A to zero: the default of the LoRA+ authors' reference code
     * ({@code lora_use_original_init = False}).
     */
    B_RANDOM_A_ZERO
}
