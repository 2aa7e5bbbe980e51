package dev.loraplus.optim;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Prints assignments as an aligned table. */
final class GroupTable {
    private static final List<String> HEADER = List.of("name", "shape", "group", "rate", "decay");

    private GroupTable() {}

    static String of(List<Assignment> assignments) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        assignments.forEach(assignment -> rows.add(row(assignment)));
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int column = 0; column < widths.length; column++) {
                widths[column] = Math.max(widths[column], row.get(column).length());
            }
        }
        StringBuilder table = new StringBuilder();
        rows.forEach(row -> table.append(line(row, widths)).append('\n'));
        return table.append(totals(assignments)).toString();
    }

    private static List<String> row(Assignment assignment) {
        return List.of(
                assignment.parameter().name(),
                Arrays.toString(assignment.parameter().shape()),
                assignment.group(),
                number(assignment.rate()),
                number(assignment.decay()));
    }

    private static String line(List<String> row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            String cell = row.get(column);
            line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
        }
        return line.toString().stripTrailing();
    }

    private static String totals(List<Assignment> assignments) {
        long values = assignments.stream()
                .mapToLong(assignment -> assignment.parameter().length())
                .sum();
        return String.format(Locale.ROOT, "trained: %,d parameters, %,d values", assignments.size(), values);
    }

    private static String number(double value) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(6)).stripTrailingZeros();
        return rounded.toString();
    }
}
