package dev.loraplus.samples.adaptation;

/**
 * Holds what the command line sets.
 *
 * @param seed seed of the split, the start values and the noise
 * @param epochs passes over the examples of the new domain
 * @param rank rank of the factors
 * @param lambda learning rate of B divided by that of A in LoRA+
 */
public record AdaptationSettings(long seed, int epochs, int rank, double lambda) {
    /**
     * Checks every value.
     *
     * @throws IllegalArgumentException if a value lies outside its range; the message names the option
     */
    public AdaptationSettings {
        requireAtLeastOne("--epochs", epochs);
        requireAtLeastOne("--rank", rank);
        if (!(lambda > 0) || Double.isInfinite(lambda)) {
            throw new IllegalArgumentException("--lambda must be finite and above 0, got " + lambda + ".");
        }
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, got " + value + ".");
        }
    }
}
