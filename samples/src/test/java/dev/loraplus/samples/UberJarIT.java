package dev.loraplus.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs the jar that the build shades with service files merged, as a user's own uber-jar would be. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class UberJarIT {
    private static final Path JAR = Path.of(System.getProperty("uber.jar"));

    @Test
    void mergedServiceFile_namesThePickerAndTheRealBackend() throws Exception {
        try (JarFile jar = new JarFile(JAR.toFile());
                InputStream services =
                        jar.getInputStream(jar.getEntry("META-INF/services/org.nd4j.linalg.factory.Nd4jBackend"))) {
            assertThat(new String(services.readAllBytes(), StandardCharsets.UTF_8).lines())
                    .contains("dev.loraplus.backend.NativeBuildPicker", "org.nd4j.linalg.cpu.nativecpu.CpuBackend");
        }
    }

    @Test
    void javaDashJar_picksTheBuildThatIsThereAndComputes(@TempDir Path cache) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.bytedeco.javacpp.cachedir=" + cache,
                        "-Dorg.nd4j.log.initialization=false",
                        "-jar",
                        JAR.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        assertThat(output.lines())
                .first()
                .asString()
                .startsWith("native build linux-x86_64 (the fastest on the class path for this CPU, which has ");
        assertThat(output.replaceAll("\\s", "")).endsWith("[[10,5,4,8],[22,11,13,20]]");
    }
}
