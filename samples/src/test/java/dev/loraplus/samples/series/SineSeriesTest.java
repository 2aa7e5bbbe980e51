package dev.loraplus.samples.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;

class SineSeriesTest {
    @Test
    void values_withoutNoise_obeyTheRecurrenceOfTheirWaves() {
        double[] one = new SineSeries(List.of(7.3), 0).values(60, 5);
        for (int t = 2; t < one.length; t++) {
            assertThat(one[t]).isEqualTo(2 * Math.cos(2 * Math.PI / 7.3) * one[t - 1] - one[t - 2], within(1e-9));
        }
    }

    @Test
    void values_haveTheVarianceOfTheFormula() {
        double[] values = new SineSeries(List.of(4.0, 7.3, 11.0), 0.1).values(20_000, 5);
        assertThat(Arrays.stream(values).map(v -> v * v).average().orElseThrow())
                .isEqualTo(1.01, within(0.01));
        assertThat(Arrays.stream(values).average().orElseThrow()).isEqualTo(0, within(0.01));
    }

    @Test
    void values_comeAgainWithTheSeed() {
        SineSeries series = new SineSeries(List.of(4.0, 7.3), 0.1);
        assertThat(series.values(9, 5)).isEqualTo(series.values(9, 5)).isNotEqualTo(series.values(9, 6));
    }

    @Test
    void windows_labelsAreTheNextValues_noneBeyondTheEnd() {
        double[] values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        DataSet windows = SineSeries.windows(values, 1, 10, 4, 2);

        assertThat(windows.getFeatures().shape()).containsExactly(3, 1, 4);
        assertThat(windows.getLabels().shape()).containsExactly(3, 1, 4);
        for (int window = 0; window < 3; window++) {
            for (int t = 0; t < 4; t++) {
                assertThat(windows.getFeatures().getDouble(window, 0, t)).isEqualTo(1 + 2 * window + t);
                assertThat(windows.getLabels().getDouble(window, 0, t)).isEqualTo(2 + 2 * window + t);
            }
        }
    }
}
