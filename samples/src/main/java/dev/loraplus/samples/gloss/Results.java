package dev.loraplus.samples.gloss;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.loraplus.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Holds the figures of one run, as {@code results.json} has them: {@code validation.before} and so on.
 *
 * @param validation accuracies on the validation glosses
 * @param test accuracy on the test glosses
 * @param seconds how long the whole run took
 * @param examplesPerSecond how many examples a second of training with LoRA+ took in
 * @param settings everything that the figures depend on, in the order given
 * @since 0.1.0
 */
public record Results(
        Validation validation, Test test, double seconds, double examplesPerSecond, Map<String, Object> settings) {
    /**
     * Accuracies on the validation glosses, each in [0, 1].
     *
     * @param before with an untrained head on the pretrained encoder
     * @param head with only the head trained
     * @param loraplus with head and adapter trained
     */
    public record Validation(double before, double head, double loraplus) {
        /** Checks that the accuracies are ones. */
        public Validation {
            requireAccuracy("validation.before", before);
            requireAccuracy("validation.head", head);
            requireAccuracy("validation.loraplus", loraplus);
        }
    }

    /**
     * Accuracy on the test glosses, in [0, 1].
     *
     * @param loraplus with head and adapter trained
     */
    public record Test(double loraplus) {
        /** Checks that the accuracy is one. */
        public Test {
            requireAccuracy("test.loraplus", loraplus);
        }
    }

    /**
     * Creates results; the map is copied.
     *
     * @throws IllegalArgumentException if a time or a rate is not finite and above 0
     */
    public Results {
        requirePositive("seconds", seconds);
        requirePositive("examplesPerSecond", examplesPerSecond);
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
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

    private static void requireAccuracy(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " must be an accuracy in [0, 1], got " + value + ".");
        }
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " must be finite and above 0, got " + value + ".");
        }
    }
}
