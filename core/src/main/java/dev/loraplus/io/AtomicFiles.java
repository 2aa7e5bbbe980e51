package dev.loraplus.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * Replaces files as a whole: a reader sees the old content or the new one, never a part. Thread-safe.
 *
 * <p>The content goes to a temporary file in the target's folder, is forced to the disk, and takes the target's place
 * once it is closed. Where the file system can't move atomically, a plain replacing move is used.
 *
 * @since 0.1.0
 */
public final class AtomicFiles {
    /** Writes the content of a file. */
    @FunctionalInterface
    public interface Content {
        /**
         * Creates {@code temporary}, fills it and closes it.
         *
         * @param temporary a path in the target's folder at which no file exists yet
         * @throws IOException if the content can't be written
         */
        void writeTo(Path temporary) throws IOException;
    }

    private AtomicFiles() {}

    /**
     * Replaces {@code target} by what {@code content} writes, and creates missing parent folders.
     *
     * @throws IOException if writing or moving fails; the old file is left as it was and the temporary one is deleted
     */
    public static void write(Path target, Content content) throws IOException {
        writeAll(Map.of(target, content));
    }

    /**
     * Replaces several files that belong together: none takes its place before all are complete and on the disk, so that
     * a full disk or a failure while writing keeps all old files. They then take their places in the order of the map.
     *
     * @param contents what is written, by target
     * @throws IOException if writing or moving fails; temporary files are deleted
     */
    public static void writeAll(Map<Path, Content> contents) throws IOException {
        Map<Path, Path> temporaries = new LinkedHashMap<>();
        try {
            for (Map.Entry<Path, Content> entry : contents.entrySet()) {
                Path target = entry.getKey().toAbsolutePath().normalize();
                Path folder = Files.createDirectories(target.getParent());
                Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
                temporaries.put(temporary, target);
                entry.getValue().writeTo(temporary);
                try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
            for (Map.Entry<Path, Path> entry : temporaries.entrySet()) {
                replace(entry.getKey(), entry.getValue());
            }
        } finally {
            for (Path temporary : temporaries.keySet()) {
                Files.deleteIfExists(temporary);
            }
        }
    }

    /**
     * Replaces {@code target} by {@code text} in UTF-8, as {@link #write}.
     *
     * @throws IOException if writing or moving fails; the old file is left as it was
     */
    public static void writeText(Path target, String text) throws IOException {
        write(target, temporary -> Files.writeString(temporary, text));
    }

    private static void replace(Path source, Path target) throws IOException {
        try {
            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(source, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
