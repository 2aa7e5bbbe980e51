package dev.loraplus.samples.gloss;

import dev.loraplus.samples.gloss.LineChart.Look;
import dev.loraplus.samples.gloss.LineChart.Series;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Fills the page {@code report.html} of the resources with a report. */
final class ReportPage {
    private static final Pattern PLACE = Pattern.compile("\\$\\{(\\w+)}");

    private ReportPage() {}

    /** Returns the whole page. */
    static String html(GlossReport report) throws IOException {
        Results results = report.results();
        Map<String, String> parts = Map.of(
                "model", Html.escape(report.model()),
                "tiles", tiles(results),
                "lossChart", lossChart(report.loss()).html(),
                "accuracyChart", accuracyChart(report).html(),
                "groups", ReportTables.groups(report.groups()),
                "confusions", ReportTables.confusions(report.confusions()),
                "examples", ReportTables.examples(report.examples()),
                "settings", ReportTables.facts(results.settings()),
                "environment", ReportTables.facts(report.environment()),
                "time", String.format(Locale.ROOT, "%.0f s", results.seconds()));
        return fill(template(), parts);
    }

    private static String tiles(Results results) {
        Results.Validation validation = results.validation();
        return tile("Validation, before", validation.before(), "plain")
                + tile("Validation, head alone", validation.head(), "plain")
                + tile("Validation, LoRA+", validation.loraplus(), "strong")
                + tile("Test, LoRA+", results.test().loraplus(), "strong")
                + "<div class=\"tile plain\"><b>%.0f</b><span>examples a second</span></div>\n"
                        .formatted(results.examplesPerSecond());
    }

    private static String tile(String name, double accuracy, String look) {
        return "<div class=\"tile %s\"><b>%s</b><span>%s</span></div>\n"
                .formatted(look, percent(accuracy), Html.escape(name));
    }

    /** Returns an accuracy or share as text. */
    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    private static LineChart lossChart(List<Point> loss) {
        int window = Math.max(1, loss.size() / 20);
        return new LineChart(
                "training loss",
                List.of(
                        new Series("loss of each step", Look.FAINT, loss),
                        new Series("mean of the last " + window, Look.BOLD, smoothed(loss, window))));
    }

    private static List<Point> smoothed(List<Point> points, int window) {
        List<Point> means = new ArrayList<>();
        double sum = 0;
        for (int i = 0; i < points.size(); i++) {
            sum += points.get(i).value()
                    - (i < window ? 0 : points.get(i - window).value());
            if (i + 1 >= window) {
                means.add(new Point(points.get(i).step(), sum / window));
            }
        }
        return means;
    }

    private static LineChart accuracyChart(GlossReport report) {
        Results.Validation validation = report.results().validation();
        int last = report.accuracy().stream().mapToInt(Point::step).max().orElse(0);
        List<Point> accuracy = report.accuracy().stream()
                .map(point -> new Point(point.step(), 100 * point.value()))
                .toList();
        return new LineChart(
                "validation accuracy, %",
                List.of(
                        new Series("before", Look.SECOND_REFERENCE, level(validation.before(), last)),
                        new Series("head alone", Look.REFERENCE, level(validation.head(), last)),
                        new Series("LoRA+", Look.BOLD, accuracy)));
    }

    private static List<Point> level(double accuracy, int last) {
        return List.of(new Point(0, 100 * accuracy), new Point(last, 100 * accuracy));
    }

    private static String fill(String template, Map<String, String> parts) {
        Matcher place = PLACE.matcher(template);
        StringBuilder page = new StringBuilder();
        while (place.find()) {
            String part = parts.get(place.group(1));
            if (part == null) {
                throw new IllegalStateException("report.html has a place '" + place.group(1) + "' that nothing fills.");
            }
            place.appendReplacement(page, Matcher.quoteReplacement(part));
        }
        return place.appendTail(page).toString();
    }

    private static String template() throws IOException {
        try (InputStream in = ReportPage.class.getResourceAsStream("report.html")) {
            if (in == null) {
                throw new IOException("The page 'report.html' is missing from the class path of the samples.");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
