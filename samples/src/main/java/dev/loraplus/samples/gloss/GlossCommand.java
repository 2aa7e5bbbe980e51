package dev.loraplus.samples.gloss;

import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.samediff.training.DivergenceException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Parses the command line of the main job and runs it. The defaults of all options are written here.
 *
 * @since 0.1.0
 */
@Command(
        name = "quickstart",
        description = "Fine-tunes MiniLM with LoRA+ to sort WordNet's definitions into 45 supersenses.",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class GlossCommand implements Callable<Integer> {
    /** Does the work that the options ask for. */
    @FunctionalInterface
    public interface Job {
        /**
         * Runs the job.
         *
         * @throws IOException if a file is broken or can't be written
         */
        void run(GlossOptions options) throws IOException;
    }

    /** The exit code of wrong usage. */
    private static final int USAGE = 2;

    private final Job job;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Seed (default ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "150",
            description = "Training steps (default ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--rank",
            paramLabel = "N",
            defaultValue = "8",
            description = "Rank of the factors (default ${DEFAULT-VALUE}).")
    private int rank;

    @Option(
            names = "--lambda",
            paramLabel = "X",
            defaultValue = "8",
            description = "Learning rate of B divided by that of A; 1 is plain LoRA (default ${DEFAULT-VALUE}).")
    private double lambda;

    @Option(
            names = "--eta",
            paramLabel = "X",
            defaultValue = "6e-4",
            description = "Peak learning rate of A (default ${DEFAULT-VALUE}).")
    private double eta;

    @Option(
            names = "--head-rate",
            paramLabel = "X",
            defaultValue = "5e-3",
            description = "Peak learning rate of the classification head (default ${DEFAULT-VALUE}).")
    private double headRate;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "16",
            description = "Definitions a step (default ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--targets",
            paramLabel = "NAMES",
            split = ",",
            defaultValue = "query,key,value,intermediate.dense,output.dense",
            description = "Adapted modules, separated by commas, or all-linear (default ${DEFAULT-VALUE}).")
    private List<String> targets = new ArrayList<>();

    @Option(
            names = "--output",
            paramLabel = "FOLDER",
            description = "Folder for adapter, results and report (default samples/target/quickstart).")
    private @Nullable Path output;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks for the annotation, nobody for the value
    private boolean help;

    @Parameters(
            paramLabel = "DEFINITION",
            arity = "0..*",
            description = "Your own definitions to classify, each in quotes.")
    private List<String> definitions = new ArrayList<>();

    private GlossCommand(Job job) {
        this.job = job;
    }

    /**
     * Parses the arguments and runs the job with them.
     *
     * @param out where help goes
     * @param err where one sentence on a mistake or a failure goes
     * @return 0 if all went well, 1 if the job failed for a reason that it can name, 2 if the arguments
     *     are wrong, targets that match nothing included
     */
    public static int run(String[] args, Job job, PrintWriter out, PrintWriter err) {
        return new CommandLine(new GlossCommand(job))
                .setOut(out)
                .setErr(err)
                .setParameterExceptionHandler((e, all) -> fail(err, e, USAGE))
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    if (e instanceof NoMatchingTargetException) {
                        return fail(err, e, USAGE);
                    }
                    if (e instanceof IOException
                            || e instanceof IllegalStateException
                            || e instanceof DivergenceException) {
                        return fail(err, e, 1);
                    }
                    throw e;
                })
                .execute(args);
    }

    @Override
    public Integer call() throws IOException {
        GlossOptions options;
        try {
            options = options();
            makeFolder(options.output());
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(new CommandLine(this), String.valueOf(e.getMessage()), e);
        }
        job.run(options);
        return 0;
    }

    private GlossOptions options() {
        return new GlossOptions(
                seed,
                steps,
                rank,
                lambda,
                eta,
                headRate,
                batch,
                targets,
                output != null ? output : defaultOutput(Path.of("")),
                definitions);
    }

    /** Makes the folder now: a run of minutes must not end at a place where nothing can be written. */
    private static void makeFolder(Path output) {
        try {
            Files.createDirectories(output);
        } catch (IOException e) {
            throw new IllegalArgumentException("--output must be a folder that can be made, got '" + output + "'.", e);
        }
        if (!Files.isWritable(output)) {
            throw new IllegalArgumentException("--output must be a folder that can be written, got '" + output + "'.");
        }
    }

    /** Returns {@code samples/target/quickstart}, seen from the project's root or from the samples module. */
    static Path defaultOutput(Path calledFrom) {
        Path folder = calledFrom.toAbsolutePath();
        boolean inRoot = Files.exists(folder.resolve("samples/pom.xml"));
        boolean inSamples = !inRoot && folder.endsWith("samples") && Files.exists(folder.resolve("pom.xml"));
        return calledFrom.resolve(inSamples ? "target/quickstart" : "samples/target/quickstart");
    }

    private static int fail(PrintWriter err, Exception e, int code) {
        err.println(String.valueOf(e.getMessage()).strip().replaceAll("\\s*\\R\\s*", " "));
        err.flush();
        return code;
    }
}
