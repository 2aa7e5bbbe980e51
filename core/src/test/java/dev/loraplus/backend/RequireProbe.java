package dev.loraplus.backend;

/** A program of {@link NativeBuildProcessTest}: prints the one sentence that a missing backend earns. */
final class RequireProbe {
    private RequireProbe() {}

    public static void main(String[] args) {
        try {
            NativeBuild.require();
        } catch (NoNativeBackendException e) {
            System.out.println(e.getMessage());
        }
    }
}
