package dev.loraplus.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;

class DigitImagesTest {
    private static final long SEED = 3;

    @Test
    void shifted_isAQuarterTurnClockwiseAndInverted() {
        DigitImages images = random(3);
        DigitImages shifted = images.shifted();

        for (int i = 0; i < 3; i++) {
            assertThat(shifted.label(i)).isEqualTo(images.label(i));
            for (int fromTop = 0; fromTop < 8; fromTop++) {
                for (int fromLeft = 0; fromLeft < 8; fromLeft++) {
                    // The top row goes to the right edge: what was at the left of it is then at its top.
                    assertThat(shifted.pixel(i, fromLeft, 7 - fromTop))
                            .as("seed %d, image %d", SEED, i)
                            .isEqualTo(16 - images.pixel(i, fromTop, fromLeft));
                }
            }
        }
    }

    @Test
    void toDataSet_scalesPixelsAndMarksTheLabel() {
        DigitImages images = random(5);
        DataSet data = images.toDataSet();

        assertThat(data.getFeatures().shape()).containsExactly(5, 1, 8, 8);
        assertThat(data.getLabels().shape()).containsExactly(5, 10);
        for (int i = 0; i < 5; i++) {
            assertThat(data.getLabels().getDouble(i, images.label(i))).isEqualTo(1);
            assertThat(data.getLabels().getRow(i).sumNumber().doubleValue()).isEqualTo(1);
            for (int j = 0; j < 64; j++) {
                assertThat(data.getFeatures().getDouble(i, 0, j / 8, j % 8))
                        .isEqualTo(images.pixel(i, j / 8, j % 8) / 16.0);
            }
        }
    }

    @Test
    void splits_shareNoImageAndComeAgainWithTheSeed() throws IOException {
        DigitImages images = DigitsFile.read();
        DigitSplits splits = DigitSplits.of(images, SEED);

        List<DigitImages> parts = List.of(splits.pretraining(), splits.training(), splits.validation(), splits.test());
        assertThat(parts).extracting(DigitImages::count).containsExactly(1000, 100, 197, 500);
        List<String> seen = new ArrayList<>();
        parts.forEach(part -> seen.addAll(texts(part)));
        assertThat(seen).hasSameElementsAs(texts(images)).hasSize(images.count());
        assertThat(new TreeSet<>(texts(images)))
                .as("no image is in the file twice")
                .hasSize(images.count());
        assertThat(texts(DigitSplits.of(images, SEED).test())).isEqualTo(texts(splits.test()));
        assertThat(texts(DigitSplits.of(images, SEED + 1).test())).isNotEqualTo(texts(splits.test()));
    }

    private static List<String> texts(DigitImages images) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < images.count(); i++) {
            int[] row = new int[65];
            for (int j = 0; j < 64; j++) {
                row[j] = images.pixel(i, j / 8, j % 8);
            }
            row[64] = images.label(i);
            texts.add(Arrays.toString(row));
        }
        return texts;
    }

    private static DigitImages random(int count) {
        Random random = new Random(SEED);
        List<int[]> rows = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] row = random.ints(65, 0, 17).toArray();
            row[64] %= 10;
            rows.add(row);
        }
        return DigitImages.of(rows);
    }
}
