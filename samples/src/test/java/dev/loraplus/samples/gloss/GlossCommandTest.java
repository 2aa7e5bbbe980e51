package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlossCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final List<GlossOptions> ran = new ArrayList<>();

    @Test
    void run_allOptions_reachTheJob(@TempDir Path folder) {
        int code = run(
                "--seed=7",
                "--steps",
                "30",
                "--rank=2",
                "--lambda=16",
                "--eta=2e-4",
                "--head-rate=0.01",
                "--batch=5",
                "--targets=query,value",
                "--output=" + folder,
                "a small dog",
                "to run fast");

        assertThat(code).as(err.toString()).isZero();
        assertThat(ran)
                .containsExactly(new GlossOptions(
                        7,
                        30,
                        2,
                        16,
                        2e-4,
                        0.01,
                        5,
                        List.of("query", "value"),
                        folder,
                        List.of("a small dog", "to run fast")));
        assertThat(ran.get(0).config().targets()).isEqualTo(Targets.named("query", "value"));
        assertThat(ran.get(0).settings()).containsEntry("lambda", 16.0).containsEntry("targets", "query,value");
    }

    @Test
    void run_withoutArguments_usesDefaults() {
        assertThat(run()).isZero();
        assertThat(ran.get(0).lambda()).isGreaterThan(1);
        assertThat(ran.get(0).output().toAbsolutePath().endsWith("samples/target/quickstart"))
                .isTrue();
        assertThat(ran.get(0).definitions()).isEmpty();
    }

    @Test
    void run_allLinear_targetsEveryLinearLayer() {
        assertThat(run("--targets=all-linear")).isZero();
        assertThat(ran.get(0).config().targets()).isEqualTo(Targets.allLinear());
    }

    @Test
    void run_help_listsEveryOptionAndRunsNothing() {
        assertThat(run("--help")).isZero();
        assertThat(ran).isEmpty();
        assertThat(out.toString())
                .contains(
                        "--seed",
                        "--steps",
                        "--rank",
                        "--lambda",
                        "--eta",
                        "--head-rate",
                        "--batch",
                        "--targets",
                        "--output",
                        "DEFINITION");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--steps=0       | --steps must be at least 1, got 0.",
                "--rank=0        | --rank must be at least 1, got 0.",
                "--batch=-1      | --batch must be at least 1, got -1.",
                "--lambda=0      | --lambda must be finite and above 0, got 0.0.",
                "--lambda=NaN    | --lambda must be finite and above 0, got NaN.",
                "--eta=-1e-3     | --eta must be finite and above 0, got -0.001.",
                "--head-rate=Infinity | --head-rate must be finite and above 0, got Infinity.",
                "--rank=two      | 'two' is not an int",
                "--eta=fast      | 'fast' is not a double",
                "--seed=x        | 'x' is not a long",
                "--targets=      | --targets",
                "--targets=query,,value | --targets must hold names separated by commas, got 'query,,value'.",
                "--targets=all-linear,query | --targets must hold names or 'all-linear', not both",
                "--epochs=3      | Unknown option: '--epochs=3'",
                "--steps         | --steps",
                "'   '           | A definition to classify must not be blank.",
            })
    void run_wrongArgument_isOneSentenceAndCode2(String argument, String expected) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains(expected);
        assertThat(ran).isEmpty();
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void run_outputThatIsAFile_isRefused(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("taken"), "x");

        assertThat(run("--output=" + file)).isEqualTo(2);
        assertThat(err.toString()).contains("--output must be a folder, got the file '" + file + "'.");
        assertThat(run("--output=" + file.resolve("inside"))).isEqualTo(2);
        assertThat(err.toString()).contains("--output must be a folder that can be made");
        assertThat(ran).isEmpty();
    }

    @Test
    void run_jobFailsForANamedReason_isOneSentence() {
        assertThat(failing(new IOException("The disk is full."))).isEqualTo(1);
        assertThat(failing(new NoMatchingTargetException("No weight matches\ntargets [name 'q'].")))
                .isEqualTo(2);

        assertThat(err.toString().lines())
                .containsExactly("The disk is full.", "No weight matches targets [name 'q'].");
    }

    @Test
    void defaultOutput_isTheSameFolderFromRootAndModule(@TempDir Path folder) throws IOException {
        Path root = Files.createDirectories(folder.resolve("samples"));
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Path module = Files.createDirectories(root.resolve("samples"));
        Files.writeString(module.resolve("pom.xml"), "<project/>");

        assertThat(GlossCommand.defaultOutput(root)).isEqualTo(module.resolve("target/quickstart"));
        assertThat(GlossCommand.defaultOutput(module)).isEqualTo(module.resolve("target/quickstart"));
    }

    private int failing(Exception reason) {
        GlossCommand.Job job = options -> {
            if (reason instanceof IOException e) {
                throw e;
            }
            throw (RuntimeException) reason;
        };
        return GlossCommand.run(new String[0], job, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private int run(String... args) {
        return GlossCommand.run(args, ran::add, new PrintWriter(out, true), new PrintWriter(err, true));
    }
}
