package dev.loraplus.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class NativeBuildTest {
    private final Properties environment = new Properties();

    @BeforeEach
    void fillEnvironment() {
        environment.put("backend", "CPU");
        environment.put("blas.vendor", "OPENBLAS");
        environment.put("omp.threads", 3);
    }

    @Test
    void describe_ownChoice_namesBuildReasonBlasAndThreads() {
        NativeChoice choice = NativeChoice.best(CpuFeatures.parse(CpuFeaturesTest.AVX2_ONLY), path -> true);

        assertThat(NativeBuild.describe("linux-x86_64-onednn-avx2", choice, environment, null))
                .isEqualTo(
                        "native build linux-x86_64-onednn-avx2 (the fastest on the class path for this CPU, which has"
                                + " AVX2), OPENBLAS, 3 threads");
    }

    @Test
    void describe_forcedBuildThatIsMissing_saysSo() {
        assertThat(NativeBuild.describe("linux-x86_64", NativeChoice.forced("-avx3"), environment, null))
                .contains(
                        "native build linux-x86_64 (asked for by platform.extension='-avx3', which is not on the class");
    }

    @Test
    void describe_coreTypeInTheEnvironment_warnsInWords() {
        assertThat(NativeBuild.describe("linux-x86_64", NativeChoice.forced(""), environment, "Prescott"))
                .contains("OPENBLAS_CORETYPE=Prescott is set")
                .contains("unset it");
    }

    @Test
    void describe_serviceEntryLost_saysToMergeServiceFiles() {
        assertThat(NativeBuild.describe("linux-x86_64-avx2", null, environment, null))
                .contains("merge META-INF/services");
    }
}
