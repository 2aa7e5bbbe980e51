package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
    @Test
    void write_givesTheKeysByTheirPaths(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("new/results.json");
        Results results = new Results(
                new Results.Validation(0.02, 0.37, 0.69), new Results.Test(0.68), 200.5, 87, Map.of("rank", 8));
        results.write(file);
        results.write(file);

        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.at("/validation/before").doubleValue()).isEqualTo(0.02);
        assertThat(json.at("/validation/head").doubleValue()).isEqualTo(0.37);
        assertThat(json.at("/validation/loraplus").doubleValue()).isEqualTo(0.69);
        assertThat(json.at("/test/loraplus").doubleValue()).isEqualTo(0.68);
        assertThat(json.at("/seconds").doubleValue()).isEqualTo(200.5);
        assertThat(json.at("/examplesPerSecond").doubleValue()).isEqualTo(87);
        assertThat(json.at("/settings/rank").intValue()).isEqualTo(8);
        try (var files = Files.list(file.resolveSibling(""))) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void construct_valueThatIsNoAccuracyOrTime_isRefused() {
        assertThatThrownBy(() -> new Results.Validation(0.1, 1.2, 0.3))
                .hasMessageContainingAll("validation.head", "1.2");
        assertThatThrownBy(() -> new Results.Test(Double.NaN)).hasMessageContainingAll("test.loraplus", "NaN");
        assertThatThrownBy(() -> new Results(new Results.Validation(0, 0, 0), new Results.Test(0), -1, 1, Map.of()))
                .hasMessageContainingAll("seconds", "-1");
    }
}
