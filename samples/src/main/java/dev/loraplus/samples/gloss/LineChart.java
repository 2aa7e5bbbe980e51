package dev.loraplus.samples.gloss;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * Draws lines over training steps as inline SVG, with no fonts of the machine involved.
 *
 * @param yName what the vertical axis shows
 * @param series the lines, drawn in this order
 */
record LineChart(String yName, List<Series> series) {
    /** How a line looks; the page's style sheet has a class of each name. */
    enum Look {
        BOLD,
        FAINT,
        REFERENCE,
        SECOND_REFERENCE
    }

    /** A line with its name for the legend; points that are not finite are left out. */
    record Series(String name, Look look, List<Point> points) {
        String look(String part) {
            return part + " " + look.name().toLowerCase(Locale.ROOT);
        }
    }

    private static final int WIDTH = 640;
    private static final int HEIGHT = 320;
    private static final int LEFT = 52;
    private static final int RIGHT = 16;
    private static final int TOP = 12;
    private static final int BOTTOM = 44;

    /** Returns legend and drawing as HTML. */
    String html() {
        Axis x = axis(Point::step, LEFT, WIDTH - RIGHT);
        Axis y = axis(Point::value, HEIGHT - BOTTOM, TOP);
        StringBuilder html = new StringBuilder("<ul class=\"legend\">");
        for (Series line : series) {
            html.append(
                    "<li><span class=\"%s\"></span>%s</li>".formatted(line.look("swatch"), Html.escape(line.name())));
        }
        html.append("</ul>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over training steps\">\n"
                .formatted(WIDTH, HEIGHT, Html.escape(yName)));
        for (double tick : y.ticks()) {
            html.append(line("grid", LEFT, y.at(tick), WIDTH - RIGHT, y.at(tick)));
            html.append(text("end", LEFT - 8, y.at(tick) + 4, y.label(tick)));
        }
        for (double tick : x.ticks()) {
            html.append(text("middle", x.at(tick), HEIGHT - BOTTOM + 20, x.label(tick)));
        }
        html.append(text("middle", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6, "training steps"));
        series.forEach(line -> html.append(path(line, x, y)));
        return html.append("</svg>\n").toString();
    }

    private Axis axis(ToDoubleFunction<Point> value, double from, double to) {
        double[] values = series.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(value)
                .filter(Double::isFinite)
                .toArray();
        return Axis.over(values, from, to);
    }

    private static String path(Series line, Axis x, Axis y) {
        List<String> corners = new ArrayList<>();
        for (Point point : line.points()) {
            if (Double.isFinite(point.value())) {
                corners.add(number(x.at(point.step())) + "," + number(y.at(point.value())));
            }
        }
        return "<polyline class=\"%s\" points=\"%s\"/>\n".formatted(line.look("line"), String.join(" ", corners));
    }

    private static String line(String look, double x1, double y1, double x2, double y2) {
        return "<line class=\"%s\" x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"/>\n"
                .formatted(look, number(x1), number(y1), number(x2), number(y2));
    }

    private static String text(String anchor, double x, double y, String text) {
        return "<text text-anchor=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n"
                .formatted(anchor, number(x), number(y), Html.escape(text));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
