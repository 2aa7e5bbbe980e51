package dev.loraplus.samediff.training;

import java.util.List;

/**
 * What a call of fit did; with a resumed training, what it did before the interruption included.
 *
 * @param steps how many steps it took
 * @param losses the total loss of each of these steps, before its update
 * @param examples how many examples these steps saw
 * @param seconds how long it took, data loading and listeners included
 * @since 0.1.0
 */
public record TrainingResult(long steps, List<Double> losses, long examples, double seconds) {
    /** Copies the list. */
    public TrainingResult {
        losses = List.copyOf(losses);
    }

    /** Returns the examples per second; 0 if nothing was done. */
    public double examplesPerSecond() {
        return seconds > 0 ? examples / seconds : 0;
    }
}
