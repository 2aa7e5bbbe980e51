package dev.loraplus.samediff.training;

/**
 * Names the best value of a metric in a training so far.
 *
 * @param value the value of the metric
 * @param step after how many steps it was measured
 * @since 0.1.0
 */
public record Best(double value, long step) {}
