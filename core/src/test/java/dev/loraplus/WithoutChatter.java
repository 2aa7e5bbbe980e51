package dev.loraplus;

import java.io.PrintStream;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Drops what SameDiff prints for every operation that it differentiates, which DL4J's own SameDiff layers do too. */
public final class WithoutChatter implements BeforeAllCallback {
    private static final String CHATTER = "Added differentiated op ";

    @Override
    public void beforeAll(ExtensionContext context) {
        if (!(System.out instanceof Filter)) {
            System.setOut(new Filter(System.out));
        }
    }

    private static final class Filter extends PrintStream {
        private Filter(PrintStream out) {
            super(out, true);
        }

        @Override
        public void println(String line) {
            if (line == null || !line.startsWith(CHATTER)) {
                super.println(line);
            }
        }
    }
}
