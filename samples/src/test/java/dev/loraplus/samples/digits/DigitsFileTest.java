package dev.loraplus.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class DigitsFileTest {
    /** What {@code numpy.bincount(load_digits().target)} prints. */
    private static final int[] COUNTS = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};

    @Test
    void read_givesTheImagesOfScikitLearn() throws IOException {
        DigitImages images = DigitsFile.read();

        assertThat(images.count()).isEqualTo(1797);
        int[] counts = new int[10];
        int lowest = Integer.MAX_VALUE;
        int highest = Integer.MIN_VALUE;
        long sum = 0;
        for (int i = 0; i < images.count(); i++) {
            counts[images.label(i)]++;
            for (int j = 0; j < 64; j++) {
                int pixel = images.pixel(i, j / 8, j % 8);
                lowest = Math.min(lowest, pixel);
                highest = Math.max(highest, pixel);
                sum += pixel;
            }
        }
        assertThat(counts).containsExactly(COUNTS);
        assertThat(lowest).isZero();
        assertThat(highest).isEqualTo(16);
        assertThat(sum).as("load_digits().data.sum()").isEqualTo(561718L);
        assertThat(images.label(0)).isZero();
        assertThat(images.pixel(0, 1, 2)).as("load_digits().images[0, 1, 2]").isEqualTo(13);
    }

    @Test
    void read_brokenFile_isNamed() {
        assertThatThrownBy(() -> DigitsFile.read(gzip("1,2,3\n"), "short.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("short.csv.gz", "Image 0", "64 pixels", "got 3");
        assertThatThrownBy(() -> DigitsFile.read(gzip("0,".repeat(63) + "17,4\n"), "bright.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("bright.csv.gz", "[0, 16]", "17");
        assertThatThrownBy(() -> DigitsFile.read(gzip("0,".repeat(64) + "10\n"), "label.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("label.csv.gz", "[0, 9]");
        assertThatThrownBy(() -> DigitsFile.read(gzip("0,".repeat(64) + "4\nx\n"), "text.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("text.csv.gz", "line 2");
        assertThatThrownBy(() -> DigitsFile.read(null, "missing.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("missing.csv.gz");
    }

    private static InputStream gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream packed = new GZIPOutputStream(bytes)) {
            packed.write(text.getBytes(StandardCharsets.US_ASCII));
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }
}
