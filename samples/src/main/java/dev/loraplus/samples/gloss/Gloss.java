package dev.loraplus.samples.gloss;

/**
 * A definition and its class.
 *
 * @param text the definition without quoted examples
 * @param label the number of its supersense, 0 to 44
 * @since 0.1.0
 */
public record Gloss(String text, int label) {
    /**
     * Creates a gloss.
     *
     * @throws IllegalArgumentException if the text is blank or the label is no supersense
     */
    public Gloss {
        if (text.isBlank()) {
            throw new IllegalArgumentException("text of a gloss must not be blank.");
        }
        Supersenses.name(label);
    }

    /** Returns the name of the class, for example {@code noun.food}. */
    public String labelName() {
        return Supersenses.name(label);
    }
}
