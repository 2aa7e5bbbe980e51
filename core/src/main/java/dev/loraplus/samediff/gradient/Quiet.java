package dev.loraplus.samediff.gradient;

import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/** Keeps SameDiff from printing a line on System.out for every operation that it differentiates. */
final class Quiet {
    private static final String NOISE = "Added differentiated op ";

    private Quiet() {}

    /** Runs the action; what this thread prints of that kind meanwhile is dropped, all else goes through. */
    static synchronized void run(Runnable action) {
        PrintStream out = System.out;
        Thread noisy = Thread.currentThread();
        System.setOut(new PrintStream(out, true) {
            @Override
            public void println(@Nullable String line) {
                if (line == null || !line.startsWith(NOISE) || Thread.currentThread() != noisy) {
                    super.println(line);
                }
            }
        });
        try {
            action.run();
        } finally {
            System.setOut(out);
        }
    }
}
