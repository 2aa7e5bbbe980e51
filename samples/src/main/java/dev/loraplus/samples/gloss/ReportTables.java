package dev.loraplus.samples.gloss;

import dev.loraplus.optim.Assignment;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Draws the tables of a report. */
final class ReportTables {
    private ReportTables() {}

    /** Returns one row a group, and all parameters behind a fold. */
    static String groups(List<Assignment> parameters) {
        Map<String, List<Assignment>> byGroup = new LinkedHashMap<>();
        parameters.forEach(parameter -> byGroup.computeIfAbsent(rateKey(parameter), key -> new ArrayList<>())
                .add(parameter));
        List<List<String>> summary = byGroup.values().stream()
                .map(members -> {
                    Assignment first = members.get(0);
                    long numbers = members.stream()
                            .mapToLong(a -> a.parameter().length())
                            .sum();
                    return List.of(
                            Html.escape(first.group()),
                            "" + members.size(),
                            count(numbers),
                            rate(first.rate()),
                            rate(first.decay()));
                })
                .toList();
        List<List<String>> all = parameters.stream()
                .map(parameter -> List.of(
                        "<code>" + Html.escape(parameter.parameter().name()) + "</code>",
                        Arrays.toString(parameter.parameter().shape()),
                        Html.escape(parameter.group()),
                        rate(parameter.rate()),
                        rate(parameter.decay())))
                .toList();
        return Html.table(List.of("group", "#tensors", "#numbers", "#rate", "#decay"), summary)
                + "<details><summary>All " + parameters.size() + " trained tensors</summary>\n"
                + Html.table(List.of("name", "shape", "group", "#rate", "#decay"), all)
                + "</details>\n";
    }

    /** Returns one row a confusion, its share drawn as a bar. */
    static String confusions(List<Confusion> confusions) {
        List<List<String>> rows = confusions.stream()
                .map(confusion -> List.of(
                        Html.escape(confusion.actual()),
                        Html.escape(confusion.predicted()),
                        "" + confusion.count(),
                        String.format(
                                Locale.ROOT,
                                "<span class=\"bar\"><i style=\"width:%.0f%%\"></i></span> %.0f %%",
                                100 * confusion.share(),
                                100 * confusion.share())))
                .toList();
        return Html.table(List.of("is", "taken for", "#glosses", "#of its class"), rows);
    }

    /** Returns one row a prediction; where the class is known, a mark says whether it was found. */
    static String examples(List<Prediction> predictions) {
        List<List<String>> rows = predictions.stream()
                .map(prediction -> List.of(
                        Html.escape(prediction.text()),
                        "<span class=\"label\">" + Html.escape(prediction.predicted()) + "</span>",
                        String.format(Locale.ROOT, "%.0f %%", 100 * prediction.probability()),
                        verdict(prediction)))
                .toList();
        return Html.table(List.of("definition", "predicted", "#probability", "WordNet says"), rows);
    }

    /** Returns names and values side by side. */
    static String facts(Map<String, ?> facts) {
        StringBuilder html = new StringBuilder("<dl>");
        facts.forEach((name, value) -> html.append("<div><dt>")
                .append(Html.escape(name))
                .append("</dt><dd>")
                .append(Html.escape(String.valueOf(value)))
                .append("</dd></div>\n"));
        return html.append("</dl>\n").toString();
    }

    private static String verdict(Prediction prediction) {
        String actual = prediction.actual();
        if (actual == null) {
            return "<span class=\"unknown\">not in WordNet</span>";
        }
        return prediction.isRight()
                ? "<span class=\"right\">✓ the same</span>"
                : "<span class=\"wrong\">✗ " + Html.escape(actual) + "</span>";
    }

    private static String rateKey(Assignment parameter) {
        return parameter.group() + " " + parameter.rate() + " " + parameter.decay();
    }

    private static String rate(double value) {
        return new BigDecimal(value)
                .round(new MathContext(3))
                .stripTrailingZeros()
                .toPlainString();
    }

    private static String count(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
