package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.optim.Assignment;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlossReportTest {
    @Test
    void write_loadsNothingFromOutside(@TempDir Path folder) throws IOException {
        assertThat(page(folder, sample()))
                .startsWith("<!DOCTYPE html>")
                .doesNotContainPattern("(?i)https?:|(src|href)\\s*=|@import|url\\(|<script|<link")
                .doesNotContain("${");
    }

    @Test
    void write_showsFiguresTablesAndCurves(@TempDir Path folder) throws IOException {
        assertThat(page(folder, sample()))
                .contains("37.0 %", "69.0 %", "68.2 %", "all-MiniLM-L6-v2", "noun.event", "not in WordNet", "0.0016")
                .containsPattern("<polyline class=\"line bold\" points=\"[0-9., ]{1000,}\"/>")
                .containsPattern("<polyline class=\"line reference\"");
    }

    @Test
    void write_textWithMarkup_isEscaped(@TempDir Path folder) throws IOException {
        assertThat(page(folder, sample()))
                .contains("&lt;script&gt;alert(&#39;hi&#39;)&lt;/script&gt; &amp; $1")
                .doesNotContain("<script>");
    }

    @Test
    void write_noCurvesAndNotFiniteLosses_stillGivesAPage(@TempDir Path folder) throws IOException {
        GlossReport full = sample();
        GlossReport bare = new GlossReport(
                full.model(),
                full.results(),
                List.of(new Point(1, Double.NaN)),
                List.of(),
                List.of(),
                List.of(),
                List.of(),
                Map.of());

        assertThat(page(folder, bare)).doesNotContain("NaN", "Infinity");
    }

    @Test
    void axis_picksRoundTicksAroundTheValues() {
        Axis axis = Axis.over(new double[] {0.93, 3.81}, 100, 0);

        assertThat(axis.ticks()).containsExactly(0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4);
        assertThat(axis.at(0.5)).isEqualTo(100);
        assertThat(axis.at(4)).isEqualTo(0);
        assertThat(axis.label(2.5)).isEqualTo("2.5");
        assertThat(Axis.over(new double[] {7, 7}, 0, 1).at(7)).isBetween(0.0, 1.0);
        assertThat(Axis.over(new double[0], 0, 1).ticks()).startsWith(0).endsWith(1);
    }

    private static String page(Path folder, GlossReport report) throws IOException {
        Path file = folder.resolve("report.html");
        report.write(file);
        return Files.readString(file);
    }

    private static GlossReport sample() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("seed", 0);
        settings.put("targets", "query,value");
        Random random = new Random(5);
        List<Point> loss = new ArrayList<>();
        List<Point> accuracy = new ArrayList<>();
        for (int step = 1; step <= 400; step++) {
            loss.add(new Point(step, 1 + 2.8 * Math.exp(-step / 60.0) + 0.2 * random.nextGaussian()));
            if (step % 50 == 0) {
                accuracy.add(new Point(step, 0.69 - 0.35 * Math.exp(-step / 90.0)));
            }
        }
        List<Assignment> groups = List.of(
                new Assignment(
                        new TrainedParameter("layer.0.query.weight.lora_A", new long[] {384, 8}, Kind.FACTOR_A),
                        "A",
                        4e-4,
                        0),
                new Assignment(
                        new TrainedParameter("layer.0.query.weight.lora_B", new long[] {8, 384}, Kind.FACTOR_B),
                        "B",
                        1.6e-3,
                        0),
                new Assignment(
                        new TrainedParameter("classifier.weight", new long[] {384, 45}, Kind.WEIGHT),
                        "modules to save",
                        5e-3,
                        0));
        return new GlossReport(
                "all-MiniLM-L6-v2",
                new Results(new Results.Validation(0.021, 0.37, 0.69), new Results.Test(0.682), 201, 93.2, settings),
                loss,
                accuracy,
                groups,
                List.of(
                        new Confusion("noun.event", "noun.act", 22, 0.44),
                        new Confusion("verb.change", "verb.contact", 15, 0.12)),
                List.of(
                        new Prediction("a thick soup of beans and smoked meat", "noun.food", "noun.food", 0.97),
                        new Prediction("<script>alert('hi')</script> & $1", null, "noun.communication", 0.31),
                        new Prediction("make or become dry", "verb.change", "verb.contact", 0.55)),
                Map.of("CPU build", "linux-x86_64-onednn-avx2", "threads", "2"));
    }
}
