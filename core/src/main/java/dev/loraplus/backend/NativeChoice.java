package dev.loraplus.backend;

import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of looking for the native build of ND4J that suits this machine.
 *
 * @param extension the JavaCPP platform extension to set, empty for the plain build; null to leave JavaCPP alone
 * @param reason why, as the part of a sentence that follows "native build ..: "
 */
record NativeChoice(@Nullable String extension, String reason) {
    /** The only platform whose builds differ by instruction set. */
    static final String PLATFORM = "linux-x86_64";

    private static final String LIBRARY = "org/nd4j/linalg/cpu/nativecpu/bindings/" + PLATFORM + "%s/libnd4jcpu.so";

    /** A choice to touch nothing. */
    static NativeChoice leave(String reason) {
        return new NativeChoice(null, reason);
    }

    /** Takes what the user asked for. */
    static NativeChoice forced(String extension) {
        return new NativeChoice(extension, "asked for by platform.extension='" + extension + "'");
    }

    /** Takes the fastest build that the processor runs and that {@code hasResource} finds on the class path. */
    static NativeChoice best(CpuFeatures cpu, Predicate<String> hasResource) {
        for (String extension : cpu.extensions()) {
            if (hasResource.test(LIBRARY.formatted(extension))) {
                return new NativeChoice(
                        extension, "the fastest on the class path for this CPU, which has " + cpu.best());
            }
        }
        return leave("no build for " + PLATFORM + " that this CPU runs is on the class path");
    }
}
