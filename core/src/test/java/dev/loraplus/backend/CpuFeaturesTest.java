package dev.loraplus.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
    /** Excerpts of {@code /proc/cpuinfo} of a Zen 3, a Cascade Lake and a Nehalem machine. */
    static final String AVX2_ONLY = """
            processor\t: 0
            model name\t: AMD EPYC 7713
            flags\t\t: fpu sse sse2 ssse3 fma cx16 sse4_1 sse4_2 avx f16c bmi1 avx2 smep bmi2
            bugs\t\t: sysret_ss_attrs

            processor\t: 1
            flags\t\t: fpu sse sse2 ssse3 fma cx16 sse4_1 sse4_2 avx f16c bmi1 avx2 smep bmi2
            """;

    static final String AVX512 = """
            processor\t: 0
            model name\t: Intel(R) Xeon(R) Platinum 8259CL
            flags\t\t: fpu sse sse2 fma avx f16c avx2 bmi2 avx512f avx512dq rdseed avx512cd avx512bw avx512vl
            """;

    static final String NEITHER = """
            processor\t: 0
            model name\t: Intel(R) Xeon(R) CPU X5550
            flags\t\t: fpu sse sse2 ssse3 cx16 sse4_1 sse4_2 popcnt
            """;

    @Test
    void extensions_avx512Cpu_listsOneDnnBuildsFirstAndThePlainOneLast() {
        assertThat(CpuFeatures.parse(AVX512).extensions())
                .containsExactly("-onednn-avx512", "-onednn-avx2", "-avx512", "-avx2", "");
    }

    @Test
    void extensions_avx2Cpu_neverNamesAnAvx512Build() {
        assertThat(CpuFeatures.parse(AVX2_ONLY).extensions()).containsExactly("-onednn-avx2", "-avx2", "");
    }

    @Test
    void extensions_cpuWithNeither_isThePlainBuildAlone() {
        assertThat(CpuFeatures.parse(NEITHER).extensions()).containsExactly("");
    }

    @Test
    void extensions_avx512WithoutOneOfItsParts_isTreatedAsAvx2() {
        assertThat(CpuFeatures.parse(AVX512.replace(" avx512vl", "")).extensions())
                .containsExactly("-onednn-avx2", "-avx2", "");
    }

    @Test
    void parse_processorsThatDiffer_keepsWhatAllHave() {
        assertThat(CpuFeatures.parse(AVX512 + "\n" + AVX2_ONLY).best()).isEqualTo("AVX2");
    }

    @Test
    void parse_textOfAnotherArchitecture_hasNoFlags() {
        assertThat(CpuFeatures.parse("processor : 0\nFeatures : fp asimd avx2 fma\n")
                        .best())
                .isEqualTo("neither AVX2 nor AVX-512");
    }
}
