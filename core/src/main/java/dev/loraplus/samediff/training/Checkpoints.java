package dev.loraplus.samediff.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Writes checkpoints after every n-th step, each epoch and each call of fit. */
final class Checkpoints implements TrainingHook {
    private final CheckpointFolder folder;
    private final CheckpointContents contents;
    private final TrainingState state;
    private final FileWrites writes;
    private final Path path;
    private final long every;
    private String written = "";

    private Checkpoints(
            CheckpointFolder folder,
            CheckpointContents contents,
            TrainingState state,
            FileWrites writes,
            Path path,
            long every) {
        this.folder = folder;
        this.contents = contents;
        this.state = state;
        this.writes = writes;
        this.path = path;
        this.every = every;
    }

    /**
     * Opens the folder of the settings, and restores its newest checkpoint if the settings say resume.
     *
     * @throws IllegalStateException if there are checkpoints that are not to be continued, or they belong to a training
     *     with other settings
     * @throws UncheckedIOException if the folder can't be used, or holds nothing but damaged checkpoints
     */
    static Checkpoints open(
            TrainerSettings settings, CheckpointContents contents, TrainingState state, FileWrites writes) {
        Path path = Objects.requireNonNull(settings.checkpoints);
        try {
            CheckpointFolder folder = CheckpointFolder.open(path, settings.keepLast);
            if (settings.resume) {
                folder.takeNewest(contents::restore);
            } else if (!folder.newestFirst().isEmpty()) {
                throw new IllegalStateException("The folder '" + path + "' holds checkpoints up to '"
                        + folder.newestFirst().get(0).getFileName()
                        + "'; continue that training with resume(), or name another folder.");
            }
            return new Checkpoints(folder, contents, state, writes, path, settings.checkpointEvery);
        } catch (IOException e) {
            throw new UncheckedIOException("The folder of checkpoints '" + path + "' can't be used: " + e, e);
        }
    }

    @Override
    public void stepDone(StepReport report) {
        if (every > 0 && report.step() % every == 0) {
            write();
        }
    }

    @Override
    public void epochDone() {
        write();
    }

    @Override
    public void fitDone() {
        write();
    }

    private void write() {
        String place = place();
        if (!place.equals(written)
                && writes.attempt("a checkpoint in", path, () -> folder.write(state.step, contents.collect()))) {
            written = place;
        }
    }

    /** Names all of the state that changes between two hooks. */
    private String place() {
        FitProgress fit = state.fit();
        return List.of(state.step, state.fits.size(), fit.epochs, fit.batches, fit.stopped)
                .toString();
    }
}
