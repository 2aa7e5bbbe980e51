package dev.loraplus.samediff.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/** Appends one JSON object per line for each step and each evaluation; lines that can't be written yet wait. */
final class MetricsFile implements TrainingHook {
    private static final JsonMapper JSON = new JsonMapper();

    private final Path file;
    private final FileWrites writes;
    private final ByteArrayOutputStream waiting = new ByteArrayOutputStream();
    private long written;

    private MetricsFile(Path file, FileWrites writes, long written) {
        this.file = file;
        this.writes = writes;
        this.written = written;
    }

    /**
     * Opens the file.
     *
     * @param resumed whether a training is continued: lines of later steps than {@code step}, and a torn last one, are
     *     cut off
     * @throws IllegalStateException if the file holds something and nothing is continued
     * @throws UncheckedIOException if the file can't be read or created
     */
    static MetricsFile open(Path file, FileWrites writes, boolean resumed, long step) {
        try {
            return new MetricsFile(file, writes, cut(file, resumed, step));
        } catch (IOException e) {
            throw new UncheckedIOException("The metrics file '" + file + "' can't be used: " + e, e);
        }
    }

    private static long cut(Path file, boolean resumed, long step) throws IOException {
        byte[] old = Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
        if (old.length > 0 && !resumed) {
            throw new IllegalStateException("The metrics file '" + file + "' is not empty; name another one, delete it,"
                    + " or continue the training it belongs to with resume().");
        }
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        long kept = keptLength(old, step);
        try (FileChannel channel = channel(file)) {
            channel.truncate(kept);
        }
        return kept;
    }

    @Override
    public void stepDone(StepReport report) {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", report.step());
        line.put("epoch", report.epoch());
        line.put("examples", report.examples());
        line.put("loss", report.loss());
        line.put("gradientNorm", report.gradientNorm());
        put(line.putObject("rates"), report.rates());
        put(line.putObject("updateNorms"), report.updateNorms());
        append(line);
    }

    void evaluated(long step, int epoch, String metric, double value, boolean best) {
        ObjectNode line = JSON.createObjectNode();
        line.put("step", step);
        line.put("epoch", epoch);
        line.put("metric", metric);
        line.put("value", value);
        line.put("best", best);
        append(line);
    }

    @Override
    public void fitDone() {
        flush();
    }

    private void append(ObjectNode line) {
        waiting.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
        flush();
    }

    private void flush() {
        if (waiting.size() > 0) {
            writes.attempt("the metrics file", file, this::write);
        }
    }

    private void write() throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(waiting.toByteArray());
        try (FileChannel channel = channel(file)) {
            long at = written;
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        }
        written += bytes.limit();
        waiting.reset();
    }

    private static FileChannel channel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private static void put(ObjectNode node, Map<String, Double> values) {
        values.forEach(node::put);
    }

    /** Returns the length of the whole lines at the start that belong to no later step than {@code step}. */
    private static long keptLength(byte[] old, long step) {
        int kept = 0;
        for (int end = 0; end < old.length; end++) {
            if (old[end] == '\n') {
                if (!belongs(new String(old, kept, end - kept, StandardCharsets.UTF_8), step)) {
                    break;
                }
                kept = end + 1;
            }
        }
        return kept;
    }

    private static boolean belongs(String line, long step) {
        try {
            JsonNode node = JSON.readTree(line);
            return node.path("step").isIntegralNumber() && node.path("step").asLong() <= step;
        } catch (JsonProcessingException e) {
            return false; // torn by a full disk or a power cut; this line and all after it are written again
        }
    }
}
