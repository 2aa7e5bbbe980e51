package dev.loraplus.samples.gloss;

import dev.loraplus.optim.Assignment;
import dev.loraplus.samediff.training.TrainingResult;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.evaluation.classification.Evaluation;

/** Holds and prints what one run of the main job measures, and writes it in the end. */
final class GlossFigures {
    private static final int CONFUSIONS = 12;

    private final long started = System.nanoTime();
    private final String build;
    private final Map<String, Double> validation = new LinkedHashMap<>();
    private @Nullable TrainingResult training;
    private @Nullable Evaluation test;

    GlossFigures(String build) {
        this.build = build;
        System.out.println(build);
    }

    /** Prints a line with the seconds since the start. */
    void say(String text) {
        System.out.printf("[%3.0f s] %s%n", seconds(), text);
    }

    void validated(String stage, Evaluation evaluation, int definitions) {
        validation.put(stage, evaluation.accuracy());
        say("validation accuracy %-10s %.3f (%d definitions)".formatted(stage, evaluation.accuracy(), definitions));
    }

    void tested(Evaluation evaluation, int definitions) {
        test = evaluation;
        say("test accuracy after LoRA+ %.3f (%d definitions)".formatted(evaluation.accuracy(), definitions));
    }

    void trained(TrainingResult result) {
        training = result;
    }

    /** Prints the groups of trained parameters with their rates. */
    void print(List<Assignment> assignments) {
        assignments.stream()
                .collect(Collectors.groupingBy(Assignment::group, LinkedHashMap::new, Collectors.toList()))
                .forEach((group, members) -> System.out.printf(
                        "  group %-14s %3d tensors %8d numbers, peak rate %.1e%n",
                        group,
                        members.size(),
                        members.stream()
                                .mapToLong(each -> each.parameter().length())
                                .sum(),
                        members.get(0).rate()));
    }

    /** Writes {@code results.json} and {@code report.html}. */
    void write(GlossOptions options, List<Assignment> assignments, List<Prediction> examples) throws IOException {
        Evaluation tests = Objects.requireNonNull(test);
        TrainingResult run = Objects.requireNonNull(training);
        Results results = new Results(
                new Results.Validation(accuracy("before"), accuracy("head alone"), accuracy("LoRA+")),
                new Results.Test(tests.accuracy()),
                seconds(),
                run.examplesPerSecond(),
                options.settings());
        Path folder = options.output();
        results.write(folder.resolve("results.json"));
        new GlossReport(
                        "all-MiniLM-L6-v2",
                        results,
                        losses(run),
                        List.of(new Point(0, accuracy("head alone")), new Point(options.steps(), accuracy("LoRA+"))),
                        assignments,
                        Confusion.mostFrequent(tests, CONFUSIONS),
                        examples,
                        environment())
                .write(folder.resolve("report.html"));
        System.out.printf(
                "%.0f seconds, %.1f examples/s in training; adapter, results.json and report.html in %s%n",
                results.seconds(), results.examplesPerSecond(), folder);
    }

    private static List<Point> losses(TrainingResult run) {
        return IntStream.range(0, run.losses().size())
                .mapToObj(step -> new Point(step + 1, run.losses().get(step)))
                .toList();
    }

    private Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("native build", build);
        environment.put("Java", System.getProperty("java.version"));
        return environment;
    }

    private double accuracy(String stage) {
        return Objects.requireNonNull(validation.get(stage));
    }

    private double seconds() {
        return (System.nanoTime() - started) / 1e9;
    }
}
