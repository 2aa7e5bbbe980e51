package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens damaged files one after the other and counts how that ends and what it costs. */
final class Campaign {
    private static final double MOST_SECONDS = 1;
    private static final double MOST_MEGABYTES = 200;
    private static final int TRIES = 3;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What one opening cost: wall time, bytes allocated on the heap, and growth of the process. */
    private record Cost(double seconds, double heapMegabytes, double residentMegabytes) {
        boolean fits() {
            return seconds < MOST_SECONDS && heapMegabytes < MOST_MEGABYTES && residentMegabytes < MOST_MEGABYTES;
        }

        Cost max(Cost other) {
            return new Cost(
                    Math.max(seconds, other.seconds),
                    Math.max(heapMegabytes, other.heapMegabytes),
                    Math.max(residentMegabytes, other.residentMegabytes));
        }
    }

    private final Specimen specimen;
    private final Path folder;
    private final Map<String, byte[]> written = new HashMap<>();
    private Cost most = new Cost(0, 0, 0);
    private int refused;
    private int whole;

    Campaign(Specimen specimen, Path folder) {
        this.specimen = specimen;
        this.folder = folder;
    }

    /** Opens {@code files}, which {@code what} describes for a message, and checks that it ends as it must. */
    void run(Map<String, byte[]> files, String what) throws IOException {
        write(files);
        Exception refusal = open(what);
        if (refusal == null) {
            assertThat(specimen.sealed(files))
                    .as("%s: sealed, but opened", what)
                    .isFalse();
            specimen.requireWhole(files);
            whole++;
        } else {
            if (!specimen.refuses(refusal)) {
                throw new AssertionError(what + ": not a refusal", refusal);
            }
            assertThat(refusal).as(what).message().isNotBlank();
            refused++;
        }
        specimen.requireUntouched();
    }

    int refused() {
        return refused;
    }

    int whole() {
        return whole;
    }

    @Override
    public String toString() {
        return String.format(
                "%s: %d cases, %d refused, %d loaded wholly; at most %.3f s, %.1f MB of heap, %.1f MB more resident",
                specimen.title(),
                refused + whole,
                refused,
                whole,
                most.seconds,
                most.heapMegabytes,
                most.residentMegabytes);
    }

    /** Opens the folder and measures; a case over the limits is opened again, as the machine may have been busy. */
    private @Nullable Exception open(String what) throws IOException {
        for (int attempt = 1; ; attempt++) {
            long allocated = THREADS.getCurrentThreadAllocatedBytes();
            long start = System.nanoTime();
            Exception refusal = null;
            try (ResidentPeak peak = new ResidentPeak()) {
                refusal = refusal();
                Cost cost = new Cost(
                        (System.nanoTime() - start) * 1e-9,
                        (THREADS.getCurrentThreadAllocatedBytes() - allocated) / 1e6,
                        peak.megabytes());
                if (cost.fits() || attempt == TRIES) {
                    assertThat(cost.fits()).as("%s: %s", what, cost).isTrue();
                    most = most.max(cost);
                    return refusal;
                }
            }
            if (refusal == null) {
                specimen.requireWhole(written);
            }
        }
    }

    private @Nullable Exception refusal() {
        try {
            specimen.open(folder);
            return null;
        } catch (IOException | RuntimeException e) {
            return e;
        }
    }

    /** Puts the files there; each is a new one, since file systems force what is overwritten to the disk. */
    private void write(Map<String, byte[]> files) throws IOException {
        for (String name : specimen.files().keySet()) {
            byte[] content = files.get(name);
            if (!Arrays.equals(content, written.get(name))) {
                Files.deleteIfExists(folder.resolve(name));
                written.remove(name);
                if (content != null) {
                    Files.write(folder.resolve(name), content);
                    written.put(name, content);
                }
            }
        }
    }
}
