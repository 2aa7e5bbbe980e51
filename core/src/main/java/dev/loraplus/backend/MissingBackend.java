package dev.loraplus.backend;

import java.util.List;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.config.ND4JClassLoading;
import org.nd4j.linalg.factory.Nd4jBackend;

/** Words for what keeps ND4J from starting: found before it loads where possible, since it prints stack traces. */
final class MissingBackend {
    private static final String CUDA = "JCublasBackend";

    private MissingBackend() {}

    /** Says why none of the backends of the class path can start; null where ND4J should be left to try. */
    static @Nullable String beforeLoading() {
        List<String> backends = backends();
        if (backends.isEmpty()) {
            return explain(backends, "");
        }
        LinkageError cuda = backends.equals(List.of(CUDA)) ? cudaLinkError() : null;
        return cuda == null ? null : explain(backends, rootMessage(cuda));
    }

    /** Says what to do about a failure of ND4J to load. */
    static String afterFailure(Throwable failure) {
        return explain(backends(), rootMessage(failure));
    }

    static String explain(List<String> backends, String failure) {
        if (backends.isEmpty()) {
            return "ND4J found no backend on the class path. Add org.nd4j:nd4j-native with the classifier "
                    + Loader.getPlatform() + ".";
        }
        if (backends.contains(CUDA)) {
            return "ND4J's CUDA backend cannot start here, it needs an NVIDIA driver and the libraries of CUDA 11.6: "
                    + failure + ". To go back to the CPU, put org.nd4j:nd4j-native in place of nd4j-cuda-11.6 (in this"
                    + " project: run without -Pcuda).";
        }
        return "ND4J's native library does not load: " + failure + ". Put org.nd4j:nd4j-native, org.bytedeco:openblas"
                + " and org.bytedeco:javacpp with the classifier " + Loader.getPlatform() + " on the class path.";
    }

    private static List<String> backends() {
        return ND4JClassLoading.loadService(Nd4jBackend.class).stream()
                .map(provider -> provider.type())
                .filter(type -> type != NativeBuildPicker.class)
                .map(Class::getSimpleName)
                .toList();
    }

    /** Loads the CUDA runtime as ND4J's CUDA backend is about to do; that one prints what goes wrong as a stack trace. */
    private static @Nullable LinkageError cudaLinkError() {
        try {
            Class.forName("org.bytedeco.cuda.global.cudart", true, ND4JClassLoading.getNd4jClassloader());
            return null;
        } catch (LinkageError e) {
            return e;
        } catch (ClassNotFoundException e) {
            return new NoClassDefFoundError("org.bytedeco:cuda is not on the class path");
        }
    }

    /** The first line of the innermost message, without the path that JavaCPP unpacked the library to. */
    private static String rootMessage(Throwable thrown) {
        Throwable root = thrown;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
        return message.lines()
                .findFirst()
                .orElse("")
                .replaceFirst("^/.*\\.so: (?=lib)", "")
                .replaceFirst("\\.+$", "");
    }
}
