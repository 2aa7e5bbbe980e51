package dev.loraplus.samples.gloss;

/**
 * A value at a training step.
 *
 * @param step steps done, from 0
 * @param value for example a loss
 * @since 0.1.0
 */
public record Point(int step, double value) {}
