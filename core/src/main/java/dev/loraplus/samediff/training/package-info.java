/** Trains the adapter of a SameDiff graph: settings, steps, data, listeners, metrics and checkpoints. */
@NullMarked
package dev.loraplus.samediff.training;

import org.jspecify.annotations.NullMarked;
