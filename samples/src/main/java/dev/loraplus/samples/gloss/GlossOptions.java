package dev.loraplus.samples.gloss;

import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainerBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds what the command line of the main job asks for.
 *
 * @param seed the seed of everything that is drawn
 * @param steps training steps with LoRA+, at least 1
 * @param rank the rank of the factors, at least 1
 * @param lambda the rate of B divided by that of A, finite and above 0
 * @param eta the peak rate of A, finite and above 0
 * @param headRate the peak rate of the classification head, finite and above 0
 * @param batch glosses a step, at least 1
 * @param targets names of the adapted modules, or {@link #ALL_LINEAR} alone
 * @param output the folder for adapter, results and report
 * @param definitions the user's own definitions to classify
 * @since 0.1.0
 */
public record GlossOptions(
        long seed,
        int steps,
        int rank,
        double lambda,
        double eta,
        double headRate,
        int batch,
        List<String> targets,
        Path output,
        List<String> definitions) {
    /** The name that stands for every linear layer. */
    public static final String ALL_LINEAR = "all-linear";

    /**
     * Checks every value.
     *
     * @throws IllegalArgumentException if a value lies outside its range; the message names the option
     */
    public GlossOptions {
        requireAtLeastOne("--steps", steps);
        requireAtLeastOne("--rank", rank);
        requirePositive("--lambda", lambda);
        requirePositive("--eta", eta);
        requirePositive("--head-rate", headRate);
        requireAtLeastOne("--batch", batch);
        targets = List.copyOf(targets);
        requireTargets(targets);
        if (Files.exists(output) && !Files.isDirectory(output)) {
            throw new IllegalArgumentException("--output must be a folder, got the file '" + output + "'.");
        }
        definitions = List.copyOf(definitions);
        if (definitions.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("A definition to classify must not be blank.");
        }
    }

    /** Returns whether every linear layer is adapted. */
    public boolean isAllLinear() {
        return targets.contains(ALL_LINEAR);
    }

    /** Returns the adapter's configuration; the classification head is trained too. */
    public LoraConfig config() {
        return LoraConfig.builder()
                .rank(rank)
                .lambda(lambda)
                .targets(isAllLinear() ? Targets.allLinear() : Targets.named(targets.toArray(String[]::new)))
                .modulesToSave("classifier")
                .headRate(headRate)
                .seed(seed)
                .build();
    }

    /** Starts a trainer with these rates: a tenth of the steps to warm up, then a linear decay. */
    public LoraTrainerBuilder trainer(AdaptedGraph adapted) {
        return GlossTask.trainer(adapted)
                .eta(eta)
                .schedule(Schedule.linear(steps / 10, steps))
                .maxSteps(steps);
    }

    /** Returns the settings that the figures of a run depend on, by name. */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("seed", seed);
        settings.put("steps", steps);
        settings.put("batch", batch);
        settings.put("rank", rank);
        settings.put("lambda", lambda);
        settings.put("eta", eta);
        settings.put("headRate", headRate);
        settings.put("targets", String.join(",", targets));
        return settings;
    }

    private static void requireTargets(List<String> targets) {
        if (targets.isEmpty() || targets.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    "--targets must hold names separated by commas, got '" + String.join(",", targets) + "'.");
        }
        if (targets.size() > 1 && targets.contains(ALL_LINEAR)) {
            throw new IllegalArgumentException("--targets must hold names or '" + ALL_LINEAR + "', not both, got '"
                    + String.join(",", targets) + "'.");
        }
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " must be at least 1, got " + value + ".");
        }
    }

    private static void requirePositive(String option, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(option + " must be finite and above 0, got " + value + ".");
        }
    }
}
