/** Adapts Deeplearning4j's networks, {@code MultiLayerNetwork} and {@code ComputationGraph}, by low-rank factors. */
@NullMarked
package dev.loraplus.network;

import org.jspecify.annotations.NullMarked;
