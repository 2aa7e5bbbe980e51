package dev.loraplus.backend;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.common.io.Resource;
import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4jBackend;

/**
 * Picks the native build of ND4J for this CPU before ND4J loads it, because JavaCPP does not look at CPU features.
 *
 * <p>It is no backend: a service entry names it, so ND4J constructs it together with the real backends, before any of
 * them loads native code, and the constructor sets JavaCPP's {@code platform.extension}. It is never available, and
 * its priority is so low that ND4J does not even ask (and log) where a real backend runs.
 *
 * <p>System properties, read once:
 *
 * <ul>
 *   <li>{@code org.bytedeco.javacpp.platform.extension}: JavaCPP's own, for example {@code -onednn-avx2}; always wins.
 *   <li>{@code loraplus.backend.pick=false} switches the choice off; default {@code true}.
 *   <li>{@code loraplus.backend.cpuinfo}: a file to read in place of {@code /proc/cpuinfo}.
 * </ul>
 *
 * <p>Only Linux on x86-64 has builds to choose from; elsewhere nothing happens. Thread-safe.
 *
 * @since 0.1.0
 */
public final class NativeBuildPicker extends Nd4jBackend {
    private static final String EXTENSION = "platform.extension";
    private static final int BELOW_EVERY_BACKEND = -1_000_000;

    private static volatile @Nullable NativeChoice choice;

    /** Makes the choice, once a process; called by ND4J's service loader. Never throws. */
    public NativeBuildPicker() {
        pickOnce();
    }

    /** What was chosen in this process, null before ND4J has loaded. */
    static @Nullable NativeChoice choice() {
        return choice;
    }

    private static synchronized void pickOnce() {
        if (choice == null) {
            choice = choose();
        }
    }

    private static NativeChoice choose() {
        if (!Boolean.parseBoolean(System.getProperty("loraplus.backend.pick", "true"))) {
            return NativeChoice.leave("JavaCPP's own choice, loraplus.backend.pick is off");
        }
        try {
            if (!Loader.getPlatform().equals(NativeChoice.PLATFORM)) {
                return NativeChoice.leave("the only one for this platform");
            }
            Properties javacpp = Loader.loadProperties();
            NativeChoice chosen = decide(javacpp);
            if (chosen.extension() != null) {
                javacpp.setProperty(EXTENSION, chosen.extension());
            }
            return chosen;
        } catch (RuntimeException | LinkageError e) {
            // A backend that throws here would stop ND4J from loading at all.
            return NativeChoice.leave("JavaCPP's own choice, the CPU could not be examined: " + e);
        }
    }

    private static NativeChoice decide(Properties javacpp) {
        // JavaCPP copies the system properties once; one that was set later is still the user's word.
        String forced = System.getProperty("org.bytedeco.javacpp." + EXTENSION, javacpp.getProperty(EXTENSION));
        if (forced != null) {
            return NativeChoice.forced(forced);
        }
        Path cpuinfo = Path.of(System.getProperty("loraplus.backend.cpuinfo", "/proc/cpuinfo"));
        try {
            ClassLoader classes = ND4JClassLoading.getNd4jClassloader();
            return NativeChoice.best(CpuFeatures.read(cpuinfo), path -> classes.getResource(path) != null);
        } catch (IOException e) {
            return NativeChoice.leave("JavaCPP's own choice, the CPU could not be examined: " + e);
        }
    }

    @Override
    public int getPriority() {
        return BELOW_EVERY_BACKEND;
    }

    @Override
    public boolean isAvailable() {
        return false;
    }

    @Override
    public boolean canRun() {
        return false;
    }

    @Override
    public boolean allowsOrder() {
        return false;
    }

    @Override
    public Resource getConfigurationResource() {
        throw noBackend();
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is ND4J's
    public Class getNDArrayClass() {
        throw noBackend();
    }

    @Override
    public Environment getEnvironment() {
        throw noBackend();
    }

    @Override
    public String buildInfo() {
        throw noBackend();
    }

    @Override
    public void logBackendInit() {
        throw noBackend();
    }

    private static IllegalStateException noBackend() {
        return new IllegalStateException(
                "NativeBuildPicker only picks a native build and runs nothing; ask Nd4j.getBackend() for the backend.");
    }
}
