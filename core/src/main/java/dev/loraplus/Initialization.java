package dev.loraplus;

/**
 * Says where the factors start. The adapted model starts equal to its base: A &middot; B = 0, or the base is changed by
 * what A &middot; B adds.
 *
 * <p>On an embedding, {@link #A_RANDOM_B_ZERO} and {@link #GAUSSIAN} set A to zero and draw B from N(0, 1), and
 * {@link #B_RANDOM_A_ZERO} draws A from N(0, 1) and sets B to zero, each as its source does; the others refuse one.
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
    B_RANDOM_A_ZERO,
    /** Draws A from N(0, 1/r<sup>2</sup>) and sets B to zero: PEFT's {@code "gaussian"}. */
    GAUSSIAN,
    /**
     * Draws A and B at random with A &middot; B = 0 up to rounding, from the odd and even rows of one orthogonal matrix:
     * PEFT's {@code "orthogonal"} ({@code LoraLayer.orthogonal_init}). The rank must be even.
     */
    ORTHOGONAL,
    /**
     * Takes the r largest singular values of W into scaling &middot; A &middot; B and leaves the rest in the base: PEFT's
     * {@code "pissa"} (arXiv 2404.02948). Linear weights only.
     */
    PISSA,
    /**
     * Takes the first r columns of Q and rows of R, with W<sup>T</sup> = Q &middot; R, into B and A, and leaves
     * W - scaling &middot; A &middot; B in the base: PEFT's {@code "olora"} (arXiv 2406.01775). Linear weights only.
     */
    OLORA;

    /** Returns whether the base is changed at the start, so that factors are right on the changed base only. */
    public boolean changesBase() {
        return this == PISSA || this == OLORA;
    }
}
