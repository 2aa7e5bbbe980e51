package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class BrokenSafetensorsTest {
    private static final byte[] FOUR = {1, 2, 3, 4};

    private final Path folder;

    BrokenSafetensorsTest(@TempDir Path folder) {
        this.folder = folder;
    }

    static Stream<Arguments> files() {
        return Stream.concat(Stream.concat(frames(), json()), layouts());
    }

    private static Stream<Arguments> frames() {
        byte[] good = HandMade.tensor("F32", "[1]", FOUR);
        return Stream.of(
                arguments("empty file", new byte[0], "0 bytes, expected at least 8"),
                arguments("half a length", new byte[5], "5 bytes, expected at least 8"),
                arguments("header length 0", HandMade.file(0, new byte[0]), "header length 0, expected 2"),
                arguments("header length 1", HandMade.file(1, ascii("{}")), "header length 1, expected 2"),
                arguments(
                        "header over 100 MB",
                        HandMade.file(100_000_001, ascii("{}")),
                        "header length 100000001, expected"),
                arguments("negative length", HandMade.file(-1, ascii("{}")), "header length 18446744073709551615"),
                arguments("header beyond the file", HandMade.file(100, ascii("{}")), "exceeds the file's 10 bytes"),
                arguments("truncated data", Arrays.copyOf(good, good.length - 1), "3 bytes of data, expected 4"),
                arguments("trailing bytes", Arrays.copyOf(good, good.length + 2), "6 bytes of data, expected 4"),
                arguments("padding of tabs", HandMade.file("{}\t\t"), "must end with '}' and spaces, got byte 9 at 3"),
                arguments("no brace first", HandMade.file(" {}"), "must start with '{', got byte 32"));
    }

    private static Stream<Arguments> json() {
        String t = "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        return Stream.of(
                arguments("unfinished", HandMade.file("{\"t\":"), "not valid JSON"),
                arguments("second object", HandMade.file("{} {}"), "nothing after it"),
                arguments("not UTF-8", HandMade.file(4, new byte[] {'{', '"', (byte) 0xFF, '"'}), "not valid UTF-8"),
                arguments("tensor twice", HandMade.file(t + "," + t.substring(1) + "}", FOUR), "Duplicate field 't'"),
                arguments(
                        "field twice",
                        HandMade.file(t.replace("\"shape\"", "\"dtype\":\"F32\",\"shape\"") + "}", FOUR),
                        "Duplicate field 'dtype'"),
                arguments("deeply nested", HandMade.file("{\"t\":" + "[".repeat(100_000)), "t"),
                arguments(
                        "deeply nested metadata",
                        HandMade.file("{\"__metadata__\":{\"a\":" + "{\"a\":".repeat(100_000)),
                        "__metadata__.a: expected a text"),
                arguments("tensor no object", HandMade.file("{\"t\":[1]}"), "'t': expected an object"),
                arguments("metadata no object", HandMade.file("{\"__metadata__\":1}"), "an object of texts"),
                arguments(
                        "metadata number",
                        HandMade.file("{\"__metadata__\":{\"a\":1}}"),
                        "__metadata__.a: expected a text"),
                arguments("no shape", HandMade.file("{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,0]}}"), "must have"),
                arguments("unknown field", HandMade.file("{\"t\":{\"size\":1}}"), "'t' has a field 'size'"));
    }

    private static Stream<Arguments> layouts() {
        return Stream.of(
                arguments("unknown dtype", HandMade.tensor("F31", "[1]", FOUR), "'t' has dtype 'F31', expected one of"),
                arguments("dtype number", HandMade.file("{\"t\":{\"dtype\":4}}"), "dtype: expected a text"),
                arguments("negative shape", HandMade.tensor("F32", "[-1]", FOUR), "'t': shape: expected no negative"),
                arguments("fractional shape", HandMade.tensor("F32", "[1.0]", FOUR), "list of whole numbers"),
                arguments("text shape", HandMade.tensor("F32", "\"1\"", FOUR), "list of whole numbers"),
                arguments("huge dimension", HandMade.tensor("F32", "[9223372036854775808]", FOUR), "below 2^63"),
                arguments("overflow", HandMade.tensor("F32", "[4294967296,4294967297]", FOUR), "which overflows"),
                arguments("empty overflow", HandMade.tensor("F32", "[0,9223372036854775807]"), "which overflows"),
                arguments(
                        "huge but no data",
                        HandMade.tensor("F32", "[1000000000000]", FOUR),
                        "expected 4000000000000 of"),
                arguments("rank 33", HandMade.tensor("F32", "[1" + ",1".repeat(32) + "]", FOUR), "at most 32 numbers"),
                arguments("shape too small", HandMade.tensor("F16", "[1]", FOUR), "4 bytes, expected 2 of dtype F16"),
                arguments("offsets swapped", offsets("[4,0]"), "must be [begin, end], got [4, 0]"),
                arguments("one offset", offsets("[4]"), "must be [begin, end], got [4]"),
                arguments("three offsets", offsets("[0,4,4]"), "at most 2 numbers"),
                arguments("hole at the start", offsets("[1,5]"), "'t' begins at byte 1 of the data, expected 0"),
                arguments("overlap", pair("[0,2]", "[1,3]"), "'b' begins at byte 1 of the data, expected 2"),
                arguments("hole", pair("[0,2]", "[3,5]"), "'b' begins at byte 3 of the data, expected 2"),
                arguments("beyond the file", pair("[0,2]", "[2,4]"), "3 bytes of data, expected 4"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("files")
    void read_refusesBrokenFileNamingIt(String title, byte[] bytes, String telling) throws IOException {
        Path file = HandMade.write(folder, bytes);

        assertThatThrownBy(() -> Safetensors.read(file))
                .as(title)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("t.safetensors'")
                .hasMessageContaining(telling);
    }

    @Test
    void read_refusesMissingFileAndFolder() throws IOException {
        Path missing = folder.resolve("no.safetensors");
        Path directory = Files.createDirectory(folder.resolve("folder.safetensors"));

        assertThatThrownBy(() -> Safetensors.read(missing))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no.safetensors' is not a file");
        assertThatThrownBy(() -> Safetensors.read(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("folder.safetensors' is not a file");
    }

    private static byte[] offsets(String offsets) {
        return HandMade.file("{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":" + offsets + "}}", FOUR);
    }

    private static byte[] pair(String first, String second) {
        String fields = "{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":";
        byte[] three = {1, 2, 3};
        return HandMade.file("{\"a\":" + fields + first + "},\"b\":" + fields + second + "}}", three);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
