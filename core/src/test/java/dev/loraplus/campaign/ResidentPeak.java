package dev.loraplus.campaign;

import org.bytedeco.javacpp.Pointer;

/** Watches from a second thread how far the memory of the process, native memory included, grows. */
final class ResidentPeak implements AutoCloseable {
    private final long before = Pointer.physicalBytes();
    private final Thread watch = new Thread(this::watch, "resident peak");
    private volatile long peak = before;
    private volatile boolean closed;

    ResidentPeak() {
        watch.setDaemon(true);
        watch.start();
    }

    double megabytes() {
        return (Math.max(peak, Pointer.physicalBytes()) - before) / 1e6;
    }

    @Override
    public void close() {
        closed = true;
        watch.interrupt();
    }

    private void watch() {
        while (!closed) {
            peak = Math.max(peak, Pointer.physicalBytes());
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
