package dev.loraplus.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MissingBackendTest {
    @Test
    void beforeLoading_cpuBackendOnTheClassPath_findsNothingInTheWay() {
        assertThat(MissingBackend.beforeLoading()).isNull();
    }

    @Test
    void explain_cudaWithoutDriver_namesWhatIsMissingAndTheWayBack() {
        assertThat(MissingBackend.explain(List.of("JCublasBackend"), "libcuda.so.1: cannot open shared object file"))
                .contains("NVIDIA driver")
                .contains("libcuda.so.1: cannot open")
                .contains("run without -Pcuda");
    }

    @Test
    void afterFailure_libraryMissing_passesTheInnermostMessageOnWithoutItsPath() {
        Throwable link = new UnsatisfiedLinkError("/some/cache/libjnicudart.so: libcuda.so.1: cannot open");

        assertThat(MissingBackend.afterFailure(new ExceptionInInitializerError(link)))
                .contains("does not load: libcuda.so.1: cannot open. ")
                .contains("org.nd4j:nd4j-native")
                .doesNotContain("/some/cache");
    }
}
