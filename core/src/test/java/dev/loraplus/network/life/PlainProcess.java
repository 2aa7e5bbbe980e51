package dev.loraplus.network.life;

import java.nio.file.Path;
import org.deeplearning4j.util.ModelSerializer;

/** Tries to restore an adapted network where only DL4J is on the class path. */
final class PlainProcess {
    private PlainProcess() {}

    /** Runs in a folder with embedded.zip. */
    public static void main(String[] args) throws Exception {
        try {
            ModelSerializer.restoreMultiLayerNetwork(
                    Path.of(args[0], "embedded.zip").toFile(), true);
        } catch (RuntimeException e) {
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                System.out.println("refused: " + cause);
            }
            System.exit(0);
        }
        System.exit(1);
    }
}
