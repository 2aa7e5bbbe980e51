package dev.loraplus.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Starts JVMs, because a process loads ND4J's native library once. */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class NativeBuildProcessTest {
    /** The rows of the probe's product by hand: 10+5+4+8 and 22+11+13+20. */
    private static final String PRODUCT = "product 93.0";

    @Test
    void nothingSet_takesTheBestBuildOfThisCpu() throws Exception {
        String best = CpuFeatures.read(Path.of("/proc/cpuinfo")).extensions().get(0);

        assertThat(probe(classPath())).contains(PRODUCT, library(best), "line native build linux-x86_64" + best + " (");
    }

    @Test
    void extensionForced_winsOverTheChoice() throws Exception {
        List<String> shipped = new ArrayList<>(List.of("-onednn-avx512", "-onednn-avx2", ""));
        shipped.retainAll(CpuFeatures.read(Path.of("/proc/cpuinfo")).extensions());
        String notTheBest = shipped.get(Math.min(1, shipped.size() - 1));

        assertThat(probe(classPath(), "-Dorg.bytedeco.javacpp.platform.extension=" + notTheBest))
                .contains(PRODUCT, library(notTheBest), "asked for by platform.extension='" + notTheBest + "'");
    }

    @Test
    void switchedOff_leavesTheChoiceToJavaCpp() throws Exception {
        // Alone on the class path the plain build is what JavaCPP takes, whatever this CPU is.
        String plain = classPathWithout("-onednn-");

        assertThat(probe(plain, "-Dloraplus.backend.pick=false"))
                .contains(PRODUCT, library(""), "loraplus.backend.pick is off");
    }

    @Test
    void cpuWithNeither_fallsBackToThePlainBuildThoughFasterOnesAreThere(@TempDir Path folder) throws Exception {
        Path cpuinfo = Files.writeString(folder.resolve("cpuinfo"), CpuFeaturesTest.NEITHER);

        assertThat(probe(classPath(), "-Dloraplus.backend.cpuinfo=" + cpuinfo))
                .contains(PRODUCT, library(""), "which has neither AVX2 nor AVX-512");
    }

    @Test
    void bestBuildMissing_takesTheNextBest() throws Exception {
        assertThat(probe(classPathWithout("-onednn-"))).contains(PRODUCT, library(""), "the fastest on the class path");
    }

    @Test
    void nothingSet_logsNoSkippedBackend() throws Exception {
        assertThat(probe(classPath(), "-Dorg.nd4j.log.initialization=true")).doesNotContain("Skipped", "WARN");
    }

    @Test
    void noBackend_endsInOneSentence() throws Exception {
        assertThat(run(classPathWithout("nd4j-native-1"), "dev.loraplus.backend.RequireProbe"))
                .startsWith("ND4J found no backend on the class path. Add org.nd4j:nd4j-native")
                .hasLineCount(1);
    }

    @Test
    void backendWithoutItsNativeLibrary_endsInOneSentence() throws Exception {
        assertThat(run(classPathWithout("linux-x86_64"), "dev.loraplus.backend.RequireProbe"))
                .startsWith("ND4J's native library does not load: ")
                .contains("with the classifier linux-x86_64 on the class path")
                .hasLineCount(1);
    }

    private static String library(String extension) {
        return "/bindings/linux-x86_64" + extension + "/libnd4jcpu.so";
    }

    private static String classPath() {
        return System.getProperty("java.class.path");
    }

    private static String classPathWithout(String part) {
        return Arrays.stream(classPath().split(":"))
                .filter(entry -> !entry.contains(part))
                .collect(Collectors.joining(":"));
    }

    private static String probe(String classPath, String... options) throws IOException, InterruptedException {
        return run(classPath, "dev.loraplus.backend.NativeBuildProbe", options);
    }

    private static String run(String classPath, String main, String... options)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", classPath, main));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(output).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
