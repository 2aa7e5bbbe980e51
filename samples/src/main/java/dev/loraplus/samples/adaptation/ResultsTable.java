package dev.loraplus.samples.adaptation;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Shows results as a table in plain text. */
public final class ResultsTable {
    private static final String ROW = "%-18s%8s%8s%8s%12s%12s%10s%12s%12s%n";

    private ResultsTable() {}

    /** Returns the table, a line for the base and one for each way. */
    public static String of(Results results, Metric metric) {
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                ROW,
                "",
                "rate",
                "of B",
                "of head",
                "trained",
                "checkpoint",
                "training",
                "new domain",
                "old domain"));
        table.append(String.format(
                Locale.ROOT, ROW, "", "", "", "", "parameters", "bytes", "seconds", metric.label(), metric.label()));
        table.append(String.format(
                Locale.ROOT,
                ROW,
                "base",
                "",
                "",
                "",
                "",
                "",
                "",
                metric.format(results.before().newDomain()),
                metric.format(results.before().oldDomain())));
        results.outcomes().forEach(outcome -> table.append(row(outcome, metric)));
        return table.toString();
    }

    private static String row(Outcome outcome, Metric metric) {
        return String.format(
                Locale.ROOT,
                ROW,
                outcome.way(),
                rate(outcome.rate()),
                outcome.lambda() == 1 ? "" : rate(outcome.rate() * outcome.lambda()),
                rate(outcome.headRate()),
                outcome.trained(),
                outcome.checkpointBytes(),
                String.format(Locale.ROOT, "%.1f", outcome.seconds()),
                metric.format(outcome.newDomain()),
                metric.format(outcome.oldDomain()));
    }

    static String rate(double rate) {
        return BigDecimal.valueOf(rate)
                .round(new MathContext(2))
                .stripTrailingZeros()
                .toString();
    }
}
