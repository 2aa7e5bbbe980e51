package dev.loraplus.samediff.training;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;

/** Holds how far a training is. Its fields, but for the last, are the checkpoint's JSON. */
final class TrainingState {
    /** How many steps were taken. */
    long step;

    /** How many epochs ended, over all calls of fit. */
    int epoch;

    /** One entry for each call of fit, in their order. */
    List<FitProgress> fits = new ArrayList<>();

    /** The best value of the metric so far. */
    @Nullable
    Best best;

    /** What early stopping compares with: the last value that was an improvement. */
    @Nullable
    Double reference;

    /** How many evaluations went by since. */
    int waited;

    /** How many calls of fit this process has made. */
    @JsonIgnore
    int calls;

    /** Takes over all that {@code other} knows, but not its calls of fit. */
    void copy(TrainingState other) {
        step = other.step;
        epoch = other.epoch;
        fits = other.fits;
        best = other.best;
        reference = other.reference;
        waited = other.waited;
    }

    /** Returns whether the call of fit to come was made before this state was restored, and others after it. */
    boolean isPast() {
        return calls < fits.size() - 1;
    }

    /** Returns whether the call of fit to come was never made before. */
    boolean isNew() {
        return calls == fits.size();
    }

    /** Returns the progress of the call of fit to come: an old one where a restored training is repeated. */
    FitProgress nextFit() {
        if (isNew()) {
            fits.add(new FitProgress());
            waited = 0;
        }
        return fits.get(calls++);
    }

    /** Returns the call of fit under way, which is the last. */
    FitProgress fit() {
        return fits.get(fits.size() - 1);
    }

    /** Returns the place of the next step. */
    At next() {
        return at(step);
    }

    /** Returns the place of the step just taken. */
    At last() {
        return at(step - 1);
    }

    private At at(long iteration) {
        return At.builder()
                .epoch(epoch)
                .iteration(Math.toIntExact(iteration))
                .javaThreadNum(Thread.currentThread().getId())
                .operation(Operation.TRAINING)
                .build();
    }
}
