package dev.loraplus.samples.adaptation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class AdaptationCommandTest {
    @Command(name = "test")
    private static final class Recorder implements Callable<Integer> {
        @Mixin
        private final AdaptationOptions options = new AdaptationOptions(25, Path.of("target/test"));

        private @Nullable AdaptationSettings seen;

        @Override
        public Integer call() throws IOException {
            seen = options.settings();
            if (options.output().endsWith("full")) {
                throw new IOException("The disk\nis full.");
            }
            return 0;
        }
    }

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Recorder command = new Recorder();

    @Test
    void run_withoutArguments_usesDefaults() {
        assertThat(run()).isZero();
        assertThat(command.seen).isEqualTo(new AdaptationSettings(0, 25, 4, 16));
        assertThat(command.options.output()).isEqualTo(Path.of("target/test"));
    }

    @Test
    void run_allOptions_reachTheCommand() {
        assertThat(run("--seed=7", "--epochs", "3", "--rank=2", "--lambda=8", "--output=there"))
                .isZero();
        assertThat(command.seen).isEqualTo(new AdaptationSettings(7, 3, 2, 8));
        assertThat(command.options.output()).isEqualTo(Path.of("there"));
    }

    @Test
    void run_help_listsEveryOptionWithItsDefault() {
        assertThat(run("--help")).isZero();
        assertThat(command.seen).isNull();
        assertThat(out.toString())
                .contains("--seed", "--epochs", "(default 25)", "--rank", "--lambda", "(default 16", "target/test");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--epochs=0   | --epochs must be at least 1, got 0.",
                "--rank=-1    | --rank must be at least 1, got -1.",
                "--lambda=NaN | --lambda must be finite and above 0, got NaN.",
                "--rank=two   | 'two' is not an int",
                "--steps=3    | Unknown option: '--steps=3'",
            })
    void run_wrongArgument_isOneSentenceAndCode2(String argument, String expected) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString().lines()).hasSize(1);
        assertThat(err.toString()).contains(expected);
    }

    @Test
    void run_fileThatCannotBeWritten_isOneSentenceAndCode1() {
        assertThat(run("--output=full")).isEqualTo(1);
        assertThat(err.toString().lines()).containsExactly("The disk is full.");
    }

    private int run(String... args) {
        return AdaptationCommand.run(command, args, new PrintWriter(out, true), new PrintWriter(err, true));
    }
}
