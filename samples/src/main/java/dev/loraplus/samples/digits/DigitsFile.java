package dev.loraplus.samples.digits;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the UCI optical digits from the class path: the 1,797 images of its test set, by 13 writers.
 *
 * <p>E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998
 * (doi 10.24432/C50P49), CC BY 4.0; as scikit-learn 1.9.1 bundles them. {@code samples/scripts/make_digits.py} wrote
 * the file: a line an image, 64 pixels from 0 to 16 and the label, separated by commas.
 *
 * @since 0.1.0
 */
public final class DigitsFile {
    private static final String RESOURCE = "digits.csv.gz";

    private DigitsFile() {}

    /**
     * Reads all images, in the order of the file.
     *
     * @throws IOException if the file is missing or broken; the message names it
     */
    public static DigitImages read() throws IOException {
        try (InputStream packed = DigitsFile.class.getResourceAsStream(RESOURCE)) {
            return read(packed, RESOURCE);
        }
    }

    static DigitImages read(@Nullable InputStream packed, String name) throws IOException {
        if (packed == null) {
            throw new FileNotFoundException("'" + name + "' is not on the class path; build the samples module again.");
        }
        List<int[]> rows = new ArrayList<>();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(new GZIPInputStream(packed), StandardCharsets.US_ASCII))) {
            String line;
            while ((line = lines.readLine()) != null) {
                rows.add(Arrays.stream(line.split(",", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray());
            }
            return DigitImages.of(rows);
        } catch (NumberFormatException e) {
            throw new IOException("'" + name + "' must hold whole numbers in line " + (rows.size() + 1) + ".", e);
        } catch (IllegalArgumentException e) {
            throw new IOException("'" + name + "' is broken: " + e.getMessage(), e);
        }
    }
}
