package dev.loraplus.samediff.training;

import dev.loraplus.samediff.AdaptedGraph;
import java.nio.file.Path;

/** Saves the adapter after every n-th step, each epoch and each call of fit. */
final class AdapterSaving implements TrainingHook {
    private final AdaptedGraph adapted;
    private final TrainingState state;
    private final FileWrites writes;
    private final Path folder;
    private final long every;
    private long savedAt = -1;

    AdapterSaving(AdaptedGraph adapted, TrainingState state, FileWrites writes, Path folder, long every) {
        this.adapted = adapted;
        this.state = state;
        this.writes = writes;
        this.folder = folder;
        this.every = every;
    }

    @Override
    public void stepDone(StepReport report) {
        if (every > 0 && report.step() % every == 0) {
            save();
        }
    }

    @Override
    public void epochDone() {
        save();
    }

    @Override
    public void fitDone() {
        save();
    }

    private void save() {
        if (savedAt != state.step && writes.attempt("the adapter", folder, () -> adapted.save(folder))) {
            savedAt = state.step;
        }
    }
}
