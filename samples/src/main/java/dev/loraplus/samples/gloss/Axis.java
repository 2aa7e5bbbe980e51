package dev.loraplus.samples.gloss;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.stream.LongStream;

/**
 * Maps values to places on a chart and picks round ticks.
 *
 * @param min the value at {@code from}, a multiple of {@code step}
 * @param max the value at {@code to}, a multiple of {@code step}
 * @param step the distance of ticks: 1, 2 or 5 times a power of ten
 * @param from the place of min
 * @param to the place of max
 */
record Axis(double min, double max, double step, double from, double to) {
    private static final int INTERVALS = 6;

    /** Returns an axis that holds all values with about six intervals; without values it runs from 0 to 1. */
    static Axis over(double[] values, double from, double to) {
        double low = Arrays.stream(values).min().orElse(0);
        double high = Arrays.stream(values).max().orElse(1);
        double span = high > low ? high - low : Math.max(1, Math.abs(high));
        double step = round(span / INTERVALS);
        double min = Math.floor(low / step) * step;
        double max = Math.ceil(high / step) * step;
        return new Axis(min, max > min ? max : min + step, step, from, to);
    }

    /** Returns the place of a value. */
    double at(double value) {
        return from + (value - min) / (max - min) * (to - from);
    }

    /** Returns the values of the ticks, both ends included. */
    double[] ticks() {
        return LongStream.rangeClosed(Math.round(min / step), Math.round(max / step))
                .mapToDouble(tick -> tick * step)
                .toArray();
    }

    /** Returns the text of a tick, without digits that are only rounding. */
    String label(double tick) {
        int digits = Math.max(0, (int) -Math.floor(Math.log10(step)));
        return BigDecimal.valueOf(tick).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    }

    private static double round(double step) {
        double power = Math.pow(10, Math.floor(Math.log10(step)));
        double digit = step / power;
        return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    }
}
