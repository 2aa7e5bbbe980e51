package dev.loraplus.samples.adaptation;

/** A way to adapt a network. */
public enum Way {
    /** Every parameter of a copy is trained. */
    FULL("full fine-tuning"),
    /** The last layer is trained, the rest frozen. */
    HEAD("head only"),
    /** Factors and the last layer are trained, A and B at one rate. */
    LORA("LoRA"),
    /** Factors and the last layer are trained, B at lambda times the rate of A. */
    LORA_PLUS("LoRA+");

    private final String label;

    Way(String label) {
        this.label = label;
    }

    /** Returns what the way is called in a table. */
    public String label() {
        return label;
    }

    /** Returns the name of the folder that its checkpoint goes to. */
    public String folder() {
        return label.replace("+", "-plus").replace(' ', '-').toLowerCase(java.util.Locale.ROOT);
    }
}
