package dev.loraplus.samples.adaptation;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that both programs have; the defaults are what the fields start with. */
public final class AdaptationOptions {
    @Option(names = "--seed", paramLabel = "N", description = "Seed (default ${DEFAULT-VALUE}).")
    private long seed = 0;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description = "Passes over the examples of the new domain (default ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(names = "--rank", paramLabel = "N", description = "Rank of the factors (default ${DEFAULT-VALUE}).")
    private int rank = 4;

    @Option(
            names = "--lambda",
            paramLabel = "X",
            description = "In LoRA+, learning rate of B divided by that of A (default ${DEFAULT-VALUE}).")
    private double lambda = 16;

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            description = "Folder for checkpoints and results.json (default ${DEFAULT-VALUE}).")
    private Path output;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks for the annotation, nobody for the value
    private boolean help;

    /** Creates options with the defaults of one program. */
    public AdaptationOptions(int epochs, Path output) {
        this.epochs = epochs;
        this.output = output;
    }

    /**
     * Returns the settings.
     *
     * @throws IllegalArgumentException if a value lies outside its range; the message names the option
     */
    public AdaptationSettings settings() {
        return new AdaptationSettings(seed, epochs, rank, lambda);
    }

    /** Returns the folder that checkpoints and results go to. */
    public Path output() {
        return output;
    }
}
