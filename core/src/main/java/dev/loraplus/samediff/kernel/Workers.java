package dev.loraplus.samediff.kernel;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** Splits a kernel's independent items over the calling thread and a small pool of daemon threads. */
final class Workers {
    /** More gain little: the kernels are bound by memory, and ND4J's own threads wait for the same cores. */
    private static final int THREADS = Math.min(2, Runtime.getRuntime().availableProcessors());

    /** The number of elements from which a second thread pays for being woken. */
    static final int PARALLEL_FROM = 1 << 15;

    private static final Executor POOL = Executors.newFixedThreadPool(THREADS, task -> {
        Thread thread = new Thread(task, "loraplus-kernel");
        thread.setDaemon(true);
        return thread;
    });

    private Workers() {}

    /** Works on the items {@code from} (inclusive) to {@code to} (exclusive). */
    interface Range {
        void run(int from, int to);
    }

    /**
     * Runs the task over all items and returns when every part has ended, also when one fails.
     *
     * @param items how many items there are; the task must give the same result however they are split
     * @param elements how many array elements they have together
     * @param task called once for each part
     */
    static void run(int items, long elements, Range task) {
        int parts = elements < PARALLEL_FROM ? 1 : Math.min(THREADS, items);
        if (parts == 1) {
            task.run(0, items);
            return;
        }
        CompletableFuture<?>[] running = new CompletableFuture<?>[parts];
        for (int part = parts - 1; part >= 0; part--) {
            int from = bound(items, part, parts);
            int to = bound(items, part + 1, parts);
            running[part] = CompletableFuture.runAsync(() -> task.run(from, to), part == 0 ? Runnable::run : POOL);
        }
        join(CompletableFuture.allOf(running));
    }

    private static int bound(int items, int part, int parts) {
        return (int) ((long) items * part / parts);
    }

    private static void join(CompletableFuture<Void> all) {
        try {
            all.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            if (e.getCause() instanceof Error failure) {
                throw failure;
            }
            throw e;
        }
    }
}
