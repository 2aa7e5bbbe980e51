package dev.loraplus.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What an x86-64 processor says it can do, as the names of Linux's {@code /proc/cpuinfo}.
 *
 * @param flags the flags that every processor of the machine has
 */
record CpuFeatures(Set<String> flags) {
    private static final Set<String> AVX2 = Set.of("avx2", "fma");
    private static final Set<String> AVX512 = Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512cd");

    CpuFeatures {
        flags = Set.copyOf(flags);
    }

    /** Reads the flags of a file in the format of {@code /proc/cpuinfo}. */
    static CpuFeatures read(Path cpuinfo) throws IOException {
        return parse(Files.readString(cpuinfo));
    }

    /** Keeps the flags that all processors of the text share; a text without a flags line has none. */
    static CpuFeatures parse(String cpuinfo) {
        Set<String> common = new HashSet<>();
        boolean first = true;
        for (String line : cpuinfo.lines().toList()) {
            int colon = line.indexOf(':');
            if (colon < 0 || !line.substring(0, colon).strip().equals("flags")) {
                continue;
            }
            List<String> flags = Arrays.asList(line.substring(colon + 1).strip().split("\\s+"));
            if (first) {
                common.addAll(flags);
                first = false;
            } else {
                common.retainAll(flags);
            }
        }
        return new CpuFeatures(common);
    }

    /** The widest vector instructions that ND4J has a build for: {@code AVX-512}, {@code AVX2} or {@code neither ..}. */
    String best() {
        if (hasAvx512()) {
            return "AVX-512";
        }
        return hasAvx2() ? "AVX2" : "neither AVX2 nor AVX-512";
    }

    /**
     * The builds of ND4J that this processor can run, as JavaCPP platform extensions, fastest first. The builds with
     * oneDNN come before those without; the plain build, the empty extension, runs everywhere and is last.
     */
    List<String> extensions() {
        List<String> runnable = new ArrayList<>();
        for (String prefix : List.of("-onednn", "")) {
            if (hasAvx512()) {
                runnable.add(prefix + "-avx512");
            }
            if (hasAvx2()) {
                runnable.add(prefix + "-avx2");
            }
        }
        runnable.add("");
        return runnable;
    }

    private boolean hasAvx2() {
        return flags.containsAll(AVX2);
    }

    private boolean hasAvx512() {
        return hasAvx2() && flags.containsAll(AVX512);
    }
}
