package dev.loraplus.samples.digits;

import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds labelled images of 8 x 8 pixels from 0 (paper) to 16 (ink), row by row. Immutable and thread-safe.
 *
 * @since 0.1.0
 */
public final class DigitImages {
    /** Rows and columns of an image. */
    public static final int SIDE = 8;

    /** The value of a pixel that is all ink. */
    public static final int INK = 16;

    /** How many digits there are. */
    public static final int CLASSES = 10;

    private final int[][] pixels;
    private final int[] labels;

    private DigitImages(int[][] pixels, int[] labels) {
        this.pixels = pixels;
        this.labels = labels;
    }

    /**
     * Creates images from rows of 64 pixels and a label; the rows are copied.
     *
     * @throws IllegalArgumentException if a row has another length, or a value out of range; the message names the row
     */
    public static DigitImages of(List<int[]> rows) {
        int[][] pixels = new int[rows.size()][];
        int[] labels = new int[rows.size()];
        for (int i = 0; i < labels.length; i++) {
            int[] row = rows.get(i);
            if (row.length != SIDE * SIDE + 1) {
                throw new IllegalArgumentException("Image " + i + " must have " + SIDE * SIDE
                        + " pixels and a label, got " + row.length + " values.");
            }
            pixels[i] = Arrays.copyOf(row, SIDE * SIDE);
            labels[i] = row[SIDE * SIDE];
            if (Arrays.stream(pixels[i]).anyMatch(pixel -> pixel < 0 || pixel > INK)
                    || labels[i] < 0
                    || labels[i] >= CLASSES) {
                throw new IllegalArgumentException("Image " + i + " must have pixels in [0, " + INK
                        + "] and a label in [0, " + (CLASSES - 1) + "], got " + Arrays.toString(row) + ".");
            }
        }
        return new DigitImages(pixels, labels);
    }

    /** Returns the number of images. */
    public int count() {
        return labels.length;
    }

    /** Returns the digit that an image shows. */
    public int label(int image) {
        return labels[image];
    }

    /** Returns a pixel, in [0, 16]. */
    public int pixel(int image, int row, int column) {
        return pixels[image][row * SIDE + column];
    }

    /** Returns the images with the given indices, in that order. */
    public DigitImages select(int... indices) {
        return new DigitImages(
                Arrays.stream(indices).mapToObj(i -> pixels[i]).toArray(int[][]::new),
                Arrays.stream(indices).map(i -> labels[i]).toArray());
    }

    /** Returns copies turned by 90 degrees clockwise, with paper and ink exchanged. */
    public DigitImages shifted() {
        int[][] turned = new int[pixels.length][SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            for (int row = 0; row < SIDE; row++) {
                for (int column = 0; column < SIDE; column++) {
                    turned[i][row * SIDE + column] = INK - pixel(i, SIDE - 1 - column, row);
                }
            }
        }
        return new DigitImages(turned, labels);
    }

    /** Returns features {@code [b, 1, 8, 8]} in [0, 1] and one-hot labels {@code [b, 10]} of all images. */
    public DataSet toDataSet() {
        float[] features = new float[count() * SIDE * SIDE];
        INDArray oneHot = Nd4j.zeros(DataType.FLOAT, count(), CLASSES);
        for (int i = 0; i < count(); i++) {
            for (int j = 0; j < SIDE * SIDE; j++) {
                features[i * SIDE * SIDE + j] = (float) pixels[i][j] / INK;
            }
            oneHot.putScalar(i, labels[i], 1);
        }
        return new DataSet(Nd4j.create(features, new long[] {count(), 1, SIDE, SIDE}, 'c'), oneHot);
    }
}
