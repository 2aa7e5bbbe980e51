package dev.loraplus.samples.adaptation;

/** A way to adapt a network. */
public enum Way {
    /** Every parameter of a copy is trained. */
    FULL("full fine-tuning"),
    /** The last layer is trained, the rest frozen. */
    HEAD("head only"),
    /** Factors, A and B at one rate, and the last layer, at the rate chosen for it alone, are trained. */
    LORA("LoRA"),
    /** As LoRA, but B learns at lambda times the rate of A. */
    LORA_PLUS("LoRA+");

    private final String label;

    Way(String label) {
        this.label = label;
    }

    /** Returns what the way is called in a table. */
    public String label() {
        return label;
    }

    /** Returns whether the last layer learns at the rate that is being chosen. */
    boolean tunesHead() {
        return this == FULL || this == HEAD;
    }

    /** Returns the name of the folder that its checkpoint goes to. */
    public String folder() {
        return label.replace("+", "-plus").replace(' ', '-').toLowerCase(java.util.Locale.ROOT);
    }
}
