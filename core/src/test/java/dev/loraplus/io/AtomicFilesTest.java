package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class AtomicFilesTest {
    private final Path folder;

    AtomicFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void write_createsFoldersAndReplacesTheOldFile() throws IOException {
        Path parent = folder.resolve("a/b");
        Path target = parent.resolve("text.txt");

        AtomicFiles.writeText(target, "old");
        AtomicFiles.writeText(target, "new ä");

        assertThat(target).hasContent("new ä");
        assertThat(files(parent)).isEqualTo(1);
    }

    @Test
    void write_leavesTheOldFileWhenTheWriterFailsHalfway() throws IOException {
        Path target = folder.resolve("text.txt");
        AtomicFiles.writeText(target, "old");

        assertThatThrownBy(() -> AtomicFiles.write(target, temporary -> {
                    Files.writeString(temporary, "hal");
                    throw new IOException("disk full");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("disk full");

        assertThat(target).hasContent("old");
        assertThat(files(folder)).isEqualTo(1);
    }

    @Test
    void writeAll_keepsAllOldFilesWhenOneFails() throws IOException {
        Path first = folder.resolve("first.txt");
        Path second = folder.resolve("second.txt");
        AtomicFiles.writeText(first, "old");
        AtomicFiles.writeText(second, "old too");
        Map<Path, AtomicFiles.Content> contents = new LinkedHashMap<>();
        contents.put(first, temporary -> Files.writeString(temporary, "new"));
        contents.put(second, temporary -> {
            Files.writeString(temporary, "hal");
            throw new IOException("disk full");
        });

        assertThatThrownBy(() -> AtomicFiles.writeAll(contents))
                .isInstanceOf(IOException.class)
                .hasMessage("disk full");

        assertThat(first).hasContent("old");
        assertThat(second).hasContent("old too");
        assertThat(files(folder)).isEqualTo(2);
        contents.put(second, temporary -> Files.writeString(temporary, "new too"));
        AtomicFiles.writeAll(contents);
        assertThat(first).hasContent("new");
        assertThat(second).hasContent("new too");
        assertThat(files(folder)).isEqualTo(2);
    }

    @Test
    void safetensorsWrite_leavesTheOldFileWhenATensorFails() throws IOException {
        Path target = folder.resolve("t.safetensors");
        Safetensors.write(target, Map.of("a", Nd4j.createFromArray(1f)), Map.of());
        byte[] old = Files.readAllBytes(target);
        var closed = Nd4j.create(DataType.FLOAT, 3, 2);
        closed.close();

        assertThatThrownBy(() -> Safetensors.write(target, Map.of("closed", closed), Map.of()))
                .isInstanceOf(IllegalStateException.class);

        assertThat(target).hasBinaryContent(old);
        assertThat(files(folder)).isEqualTo(1);
    }

    @Test
    void write_reportsTargetThatIsAFilledFolder() throws IOException {
        Path target = Files.createDirectory(folder.resolve("taken"));
        Files.writeString(target.resolve("inside"), "kept");

        assertThatThrownBy(() -> AtomicFiles.writeText(target, "text")).isInstanceOf(IOException.class);

        assertThat(target.resolve("inside")).hasContent("kept");
        assertThat(files(folder)).isEqualTo(1);
    }

    private static long files(Path folder) throws IOException {
        try (var list = Files.list(folder)) {
            return list.count();
        }
    }
}
