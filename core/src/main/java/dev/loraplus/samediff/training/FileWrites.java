package dev.loraplus.samediff.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes files while training goes on: a write that fails is told and does not end the training, since all that was
 * learned is still in memory. What still fails when fit returns is thrown then.
 */
final class FileWrites {
    private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);

    /** Writes something. */
    @FunctionalInterface
    interface Write {
        void run() throws IOException;
    }

    private final Map<String, IOException> failed = new LinkedHashMap<>();

    /** Writes, and returns whether that went well; {@code what} names it in messages. */
    boolean attempt(String what, Path target, Write write) {
        String subject = what + " '" + target + "'";
        try {
            write.run();
            failed.remove(subject);
            return true;
        } catch (IOException e) {
            failed.put(subject, e);
            LOG.warn(
                    "Could not write {}: {}. What was there before is kept; training goes on, make room or give"
                            + " write access.",
                    subject,
                    e.toString());
            return false;
        }
    }

    /**
     * Tells of all that could not be written up to the end.
     *
     * @throws UncheckedIOException if there is any
     */
    void requireDone() {
        if (failed.isEmpty()) {
            return;
        }
        IOException first = failed.values().iterator().next();
        String subjects = String.join(", ", failed.keySet());
        failed.clear();
        throw new UncheckedIOException(
                "Training went on to its end, but could not write " + subjects + ": " + first.getMessage()
                        + ". The trained parameters are in the graph: make room and save them elsewhere.",
                first);
    }
}
