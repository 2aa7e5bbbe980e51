package dev.loraplus.samples.gloss;

import dev.loraplus.io.AtomicFiles;
import dev.loraplus.optim.Assignment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds everything that {@code report.html} shows of one run.
 *
 * @param model what was fine-tuned, for example {@code all-MiniLM-L6-v2}
 * @param results the figures
 * @param loss the training loss of each step with LoRA+
 * @param accuracy validation accuracies during that training, each in [0, 1]
 * @param groups the parameter groups
 * @param confusions the most frequent confusions, largest first
 * @param examples some predictions
 * @param environment facts about the machine by name, for example {@code CPU build}
 * @since 0.1.0
 */
public record GlossReport(
        String model,
        Results results,
        List<Point> loss,
        List<Point> accuracy,
        List<Assignment> groups,
        List<Confusion> confusions,
        List<Prediction> examples,
        Map<String, String> environment) {
    /** Creates a report; lists and map are copied. */
    public GlossReport {
        loss = List.copyOf(loss);
        accuracy = List.copyOf(accuracy);
        groups = List.copyOf(groups);
        confusions = List.copyOf(confusions);
        examples = List.copyOf(examples);
        environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    }

    /**
     * Writes the report as one HTML page that loads nothing else; the file is replaced at once or not at all.
     *
     * @throws IOException if the file can't be written
     */
    public void write(Path file) throws IOException {
        AtomicFiles.writeText(file, ReportPage.html(this));
    }
}
