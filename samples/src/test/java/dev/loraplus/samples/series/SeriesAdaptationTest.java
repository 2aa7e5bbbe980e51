package dev.loraplus.samples.series;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.samples.adaptation.AdaptationSettings;
import dev.loraplus.samples.adaptation.Outcome;
import dev.loraplus.samples.adaptation.Results;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SeriesAdaptationTest {
    private static final int RANK = 3;
    private static final int HEAD = 64 + 1;

    @Test
    void shortRun_adaptersForgetNothingAndAreSmall(@TempDir Path folder) throws IOException {
        AdaptationSettings settings = new AdaptationSettings(5, 3, RANK, 8);
        Results results =
                SeriesAdaptation.sample(settings, List.of(1e-2), 3).run(folder, new PrintWriter(new StringWriter()));

        long adapted = HEAD + RANK * (64 + 4 * 64);
        assertThat(results.outcomes())
                .extracting(Outcome::trained)
                .containsExactly(16_961L, (long) HEAD, adapted, adapted);
        for (Outcome outcome : results.outcomes()) {
            assertThat(outcome.newDomain())
                    .as("seed 5, %s", outcome.way())
                    .isLessThan(results.before().newDomain());
        }
        for (Outcome outcome : results.outcomes().subList(1, 4)) {
            assertThat(outcome.oldDomain())
                    .as(outcome.way())
                    .isEqualTo(results.before().oldDomain());
        }
    }
}
