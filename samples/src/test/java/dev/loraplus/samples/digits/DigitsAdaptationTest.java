package dev.loraplus.samples.digits;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

class DigitsAdaptationTest {
    private static final int RANK = 3;
    private static final int HEAD = 128 * 10 + 10;
    private static final AdaptationSettings SHORT = new AdaptationSettings(5, 4, RANK, 8);

    @Test
    void shortRun_learnsTheNewDomainAndAdaptersForgetNothing(@TempDir Path folder) throws IOException {
        StringWriter text = new StringWriter();
        Results results = DigitsAdaptation.sample(DigitsFile.read(), SHORT, List.of(3e-3), 2)
                .run(folder, new PrintWriter(text));

        assertThat(results.outcomes())
                .extracting(Outcome::way)
                .containsExactly("full fine-tuning", "head only", "LoRA", "LoRA+");
        int factors = RANK * (9 + 16 + 9 * 16 + 32 + 512 + 128);
        assertThat(results.outcomes())
                .extracting(Outcome::trained)
                .containsExactly(71_754L, (long) HEAD, (long) HEAD + factors, (long) HEAD + factors);
        assertThat(results.outcomes()).extracting(Outcome::lambda).containsExactly(1.0, 1.0, 1.0, 8.0);
        double base = results.before().oldDomain();
        assertThat(base).as("seed 5, the base after two epochs").isGreaterThan(0.6);
        for (Outcome outcome : results.outcomes().subList(1, 4)) {
            assertThat(outcome.oldDomain()).as(outcome.way()).isEqualTo(base);
        }
        for (Outcome outcome :
                List.of(results.outcomes().get(0), results.outcomes().get(3))) {
            assertThat(outcome.newDomain())
                    .as("seed 5, %s", outcome.way())
                    .isGreaterThan(results.before().newDomain() + 0.1);
        }
        assertThat(results.outcomes().get(3).checkpointBytes())
                .isLessThan(results.outcomes().get(0).checkpointBytes() / 2);
        assertThat(text.toString()).contains("seed 5", "trained", "LoRA+", "adapters disabled", "results.json");
        JsonNode json =
                new ObjectMapper().readTree(folder.resolve("results.json").toFile());
        assertThat(json.at("/outcomes/3/newDomain").doubleValue())
                .isEqualTo(results.outcomes().get(3).newDomain());
        assertThat(json.at("/settings/rank").intValue()).isEqualTo(RANK);
        assertThat(folder.resolve("full-fine-tuning/model.zip")).isRegularFile();
        assertThat(folder.resolve("lora-plus/adapter_model.safetensors")).isRegularFile();
    }
}
