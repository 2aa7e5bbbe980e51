package dev.loraplus.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeChoiceTest {
    @ParameterizedTest
    @CsvSource({
        "avx512,  '|-onednn-avx2|-onednn-avx512', -onednn-avx512",
        "avx512,  '|-onednn-avx2',                -onednn-avx2",
        "avx512,  '|-avx2',                       -avx2",
        "avx2,    '|-onednn-avx2|-onednn-avx512', -onednn-avx2",
        "avx2,    '|-onednn-avx512',              ''",
        "neither, '|-onednn-avx2|-onednn-avx512', ''",
    })
    void best_takesTheFastestBuildThatRunsAndIsThere(String cpu, String present, String expected) {
        assertThat(NativeChoice.best(cpu(cpu), classPathWith(present.split("\\|", -1)))
                        .extension())
                .isEqualTo(expected);
    }

    @Test
    void best_onlyBuildsThatTheCpuCannotRun_leavesJavaCppAlone() {
        NativeChoice choice = NativeChoice.best(cpu("neither"), classPathWith("-onednn-avx512"));

        assertThat(choice.extension()).isNull();
        assertThat(choice.reason()).contains("no build for linux-x86_64 that this CPU runs");
    }

    private static CpuFeatures cpu(String name) {
        return CpuFeatures.parse(
                switch (name) {
                    case "avx512" -> CpuFeaturesTest.AVX512;
                    case "avx2" -> CpuFeaturesTest.AVX2_ONLY;
                    default -> CpuFeaturesTest.NEITHER;
                });
    }

    private static Predicate<String> classPathWith(String... extensions) {
        List<String> resources = Arrays.stream(extensions)
                .map(e -> "org/nd4j/linalg/cpu/nativecpu/bindings/linux-x86_64" + e + "/libnd4jcpu.so")
                .toList();
        return resources::contains;
    }
}
