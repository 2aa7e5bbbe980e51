package dev.loraplus.samediff.training;

/**
 * Tells that a loss or a gradient was NaN or infinite, so that training stopped before the parameters were changed.
 *
 * @since 0.1.0
 */
public final class DivergenceException extends ArithmeticException {
    private static final long serialVersionUID = 1L;

    private final long step;
    private final String variable;

    DivergenceException(long step, String variable, String message) {
        super(message);
        this.step = step;
        this.variable = variable;
    }

    /** Returns the step that was not taken, counted from 0. */
    public long step() {
        return step;
    }

    /** Returns the loss or the parameter whose value or gradient was not finite. */
    public String variable() {
        return variable;
    }
}
