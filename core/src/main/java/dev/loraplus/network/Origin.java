package dev.loraplus.network;

import java.io.Serializable;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.jspecify.annotations.Nullable;

/**
 * Holds what a wrapped layer was before, so that it can be brought back exactly.
 *
 * @param layer the layer's configuration, as it was; never changed
 * @param baseId the {@link BaseWeightStore} hash of its parameters; {@code null} for a layer of a new network
 * @param length how many parameters it has; below 0 while that isn't known
 * @param iteration the network's count of iterations
 * @param epoch the network's count of epochs
 */
record Origin(Layer layer, @Nullable String baseId, long length, int iteration, int epoch) implements Serializable {}
