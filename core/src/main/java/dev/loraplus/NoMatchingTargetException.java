package dev.loraplus;

/**
 * Tells that targets or modules to save match nothing in a model; the message lists what could have matched.
 *
 * @since 0.1.0
 */
public final class NoMatchingTargetException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** Creates the exception with its whole message. */
    public NoMatchingTargetException(String message) {
        super(message);
    }
}
