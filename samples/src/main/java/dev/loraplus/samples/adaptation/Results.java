package dev.loraplus.samples.adaptation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.loraplus.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Holds what was measured of all ways, as {@code results.json} has it.
 *
 * @param metric what the scores are
 * @param before scores of the base
 * @param outcomes one for each way
 * @param settings what the figures depend on
 */
public record Results(String metric, Scores before, List<Outcome> outcomes, AdaptationSettings settings) {
    /**
     * Scores on both domains.
     *
     * @param newDomain metric on the test examples of the new domain
     * @param oldDomain metric on those of the old domain
     */
    public record Scores(double newDomain, double oldDomain) {}

    /** Creates results; the list is copied. */
    public Results {
        outcomes = List.copyOf(outcomes);
    }

    /**
     * Writes the results as JSON; the file is replaced at once or not at all.
     *
     * @throws IOException if the file can't be written
     */
    public void write(Path file) throws IOException {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        AtomicFiles.writeText(file, mapper.writeValueAsString(this) + "\n");
    }
}
