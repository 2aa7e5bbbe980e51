package dev.loraplus.backend;

import java.nio.file.Path;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.environment.Nd4jEnvironment;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Loads ND4J and says in one line what runs: the native build and why, the BLAS, the threads.
 *
 * @since 0.1.0
 */
public final class NativeBuild {
    private static final String OPENBLAS_CORETYPE = "OPENBLAS_CORETYPE";

    private NativeBuild() {}

    /**
     * Loads ND4J with the backend of the class path.
     *
     * @throws NoNativeBackendException if there is none or it cannot start; the message names what is missing
     */
    public static void require() {
        String obstacle = MissingBackend.beforeLoading();
        if (obstacle != null) {
            throw new NoNativeBackendException(obstacle, null);
        }
        try {
            Nd4j.getExecutioner().getEnvironmentInformation();
        } catch (RuntimeException | LinkageError e) {
            throw new NoNativeBackendException(MissingBackend.afterFailure(e), e);
        }
    }

    /**
     * Describes the backend that ND4J runs on, loading it first where needed. Example: {@code native build
     * linux-x86_64-onednn-avx2 (the fastest on the class path for this CPU, which has AVX2), OPENBLAS, 2 threads}. If
     * the variable {@code OPENBLAS_CORETYPE} is set, a sentence says what it can do.
     *
     * @throws NoNativeBackendException as {@link #require()}
     */
    public static String describe() {
        require();
        Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
        return describe(
                loadedBuild(Loader.getLoadedLibraries().get("nd4jcpu")),
                NativeBuildPicker.choice(),
                environment,
                System.getenv(OPENBLAS_CORETYPE));
    }

    static String describe(
            @Nullable String build, @Nullable NativeChoice choice, Properties environment, @Nullable String coreType) {
        StringBuilder line = new StringBuilder();
        if (build == null) {
            line.append("backend ").append(environment.get(Nd4jEnvironment.BACKEND_KEY));
        } else {
            line.append("native build ")
                    .append(build)
                    .append(" (")
                    .append(why(build, choice))
                    .append(')');
        }
        line.append(", ").append(environment.get(Nd4jEnvironment.BLAS_VENDOR_KEY));
        line.append(", ")
                .append(environment.get(Nd4jEnvironment.OMP_THREADS_KEY))
                .append(" threads");
        if (coreType != null) {
            line.append(". ").append(OPENBLAS_CORETYPE).append('=').append(coreType);
            line.append(" is set: it can make OpenBLAS slow or kill the process, unset it unless you need it");
        }
        return line.toString();
    }

    private static String why(String build, @Nullable NativeChoice choice) {
        if (choice == null) {
            return "JavaCPP's own choice, the service entry of loraplus-core is missing: merge META-INF/services";
        }
        boolean missing = choice.extension() != null && !build.equals(NativeChoice.PLATFORM + choice.extension());
        return missing ? choice.reason() + ", which is not on the class path" : choice.reason();
    }

    /** The folder that JavaCPP unpacked the library to is named after the build. */
    private static @Nullable String loadedBuild(@Nullable String library) {
        Path folder = library == null ? null : Path.of(library).getParent();
        return folder == null ? null : String.valueOf(folder.getFileName());
    }
}
