package dev.loraplus.samples.gloss;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Writes text files so that a reader sees the old content or the new one, never half of it. */
final class AtomicFile {
    private AtomicFile() {}

    /** Writes UTF-8 text to a temporary file beside {@code file} and moves it there; missing folders are made. */
    static void write(Path file, String text) throws IOException {
        Path target = file.toAbsolutePath();
        Path folder = target.resolveSibling("");
        Files.createDirectories(folder);
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        try {
            Files.writeString(temporary, text);
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
