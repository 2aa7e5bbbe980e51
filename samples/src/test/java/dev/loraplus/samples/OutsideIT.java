package dev.loraplus.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Builds the project in {@code samples/outside}, which is no module, with this build's jars installed as
 * {@code mvn install} installs them: in a local repository of its own, whose every other artifact is the user's, by links.
 */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class OutsideIT {
    private static final String VERSION = System.getProperty("project.version");

    @TempDir
    Path folder;

    @Test
    void projectOutside_buildsAndRunsWithTheInstalledJars() throws IOException, InterruptedException {
        Path repository = linkedRepository(Path.of(System.getProperty("local.repository")));
        install(repository, Path.of("../pom.xml"), "loraplus-parent", null);
        for (String module : new String[] {"core", "dsl"}) {
            Path jar = Path.of("..", module, "target", "loraplus-" + module + "-" + VERSION + ".jar");
            install(repository, Path.of("..", module, "pom.xml"), "loraplus-" + module, jar);
        }
        Path log = folder.resolve("log.txt");

        Process maven = new ProcessBuilder(
                        System.getProperty("maven.command"),
                        "-B",
                        "-ntp",
                        "-f",
                        Path.of("outside/pom.xml").toAbsolutePath().toString(),
                        "-Dmaven.repo.local=" + repository,
                        "-DbuildDirectory=" + folder.resolve("target"),
                        "test")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();

        assertThat(maven.waitFor(10, TimeUnit.MINUTES)).isTrue();
        assertThat(maven.exitValue()).as(Files.readString(log)).isZero();
        assertThat(Files.readString(log)).contains("Tests run: 1, Failures: 0").contains("outside project: ");
    }

    /** JUnit warns of every link that leads out of the folder which it deletes. */
    @AfterEach
    void removeLinks() throws IOException {
        try (Stream<Path> entries = Files.walk(folder.resolve("repository"))) {
            for (Path link : entries.filter(Files::isSymbolicLink).toList()) {
                Files.delete(link);
            }
        }
    }

    /** Makes a repository of links to another one's folders, all but those of this project's own artifacts. */
    private Path linkedRepository(Path original) throws IOException {
        Path repository = Files.createDirectories(folder.resolve("repository"));
        link(repository, original, "dev");
        link(Files.createDirectories(repository.resolve("dev")), original.resolve("dev"), "loraplus");
        return repository;
    }

    private static void link(Path folder, Path original, String without) throws IOException {
        if (Files.isDirectory(original)) {
            try (Stream<Path> entries = Files.list(original)) {
                for (Path entry : entries.toList()) {
                    if (!entry.getFileName().toString().equals(without)) {
                        Files.createSymbolicLink(folder.resolve(entry.getFileName()), entry.toAbsolutePath());
                    }
                }
            }
        }
    }

    private static void install(Path repository, Path pom, String artifact, Path jar) throws IOException {
        Path place = Files.createDirectories(
                repository.resolve("dev/loraplus").resolve(artifact).resolve(VERSION));
        Files.copy(pom, place.resolve(artifact + "-" + VERSION + ".pom"));
        if (jar != null) {
            Files.copy(jar, place.resolve(artifact + "-" + VERSION + ".jar"));
        }
    }
}
