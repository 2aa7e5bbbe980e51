package dev.loraplus.samediff.training;

import dev.loraplus.io.CheckpointFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the last checkpoints of one training in a folder, as {@code step-<12 digits>.checkpoint}. */
final class CheckpointFolder {
    private static final Logger LOG = LoggerFactory.getLogger(LoraTrainer.class);
    private static final Pattern NAME = Pattern.compile("step-(\\d{12})\\.checkpoint");
    private static final Pattern LEFT_OVER = Pattern.compile("\\.(step-\\d{12}\\.checkpoint\\.|write-).*\\.tmp");

    private final Path folder;
    private final int keep;

    private CheckpointFolder(Path folder, int keep) {
        this.folder = folder;
        this.keep = keep;
    }

    /**
     * Creates the folder where needed, checks that it can be written to, and deletes what a killed process left half
     * written.
     *
     * @throws IOException if the folder can't be created or written to
     */
    static CheckpointFolder open(Path folder, int keep) throws IOException {
        Files.createDirectories(folder);
        Files.delete(Files.createTempFile(folder, ".write-", ".tmp"));
        for (Path file : list(folder, LEFT_OVER)) {
            Files.delete(file);
        }
        return new CheckpointFolder(folder, keep);
    }

    /** Returns the checkpoints, the newest first. */
    List<Path> newestFirst() throws IOException {
        List<Path> files = list(folder, NAME);
        files.sort(Comparator.comparing((Path file) -> file.getFileName().toString())
                .reversed());
        return files;
    }

    /** Writes the checkpoint of a step, and then deletes all but it and the ones before it that are to be kept. */
    void write(long step, CheckpointFile checkpoint) throws IOException {
        checkpoint.write(folder.resolve(String.format(Locale.ROOT, "step-%012d.checkpoint", step)));
        forceNames();
        int kept = 0;
        for (Path file : newestFirst()) {
            boolean later = step(file) > step;
            if (later || kept == keep) {
                Files.deleteIfExists(file);
            } else {
                kept++;
            }
        }
    }

    /** Forces the folder's list of files to the disk, where the system can: a power cut then keeps the new name too. */
    private void forceNames() throws IOException {
        if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** Takes a checkpoint that is intact. */
    @FunctionalInterface
    interface Taker {
        void take(String subject, CheckpointFile checkpoint) throws IOException;
    }

    /**
     * Hands the newest checkpoint that is intact to {@code taker}, and tells of those that are not.
     *
     * @return whether there was one
     * @throws IOException if there are checkpoints but none is intact
     */
    boolean takeNewest(Taker taker) throws IOException {
        List<Path> files = newestFirst();
        IOException last = null;
        for (Path file : files) {
            try {
                taker.take("The checkpoint '" + file + "'", CheckpointFile.read(file));
                LOG.info("Training goes on from the checkpoint {}.", file);
                return true;
            } catch (IOException e) {
                LOG.warn("The checkpoint {} can't be used, the one before it is tried: {}", file, e.getMessage());
                last = e;
            }
        }
        if (last != null) {
            throw new IOException(
                    "None of the " + files.size() + " checkpoints in '" + folder + "' can be used; the oldest: "
                            + last.getMessage() + " Start anew in another folder.",
                    last);
        }
        return false;
    }

    private static long step(Path file) {
        Matcher matcher = NAME.matcher(file.getFileName().toString());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + file + "' is not the name of a checkpoint.");
        }
        return Long.parseLong(matcher.group(1));
    }

    private static List<Path> list(Path folder, Pattern name) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return new ArrayList<>(files.filter(
                            file -> name.matcher(file.getFileName().toString()).matches())
                    .toList());
        }
    }
}
