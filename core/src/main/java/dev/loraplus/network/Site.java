package dev.loraplus.network;

import org.deeplearning4j.nn.api.Layer;

/**
 * A layer of a network, whatever kind of network holds it.
 *
 * @param name the layer's name, or its index where it has none of its own
 * @param index its position among the network's layers
 * @param conf its configuration
 * @param runtime what computes
 */
record Site(String name, int index, org.deeplearning4j.nn.conf.layers.Layer conf, Layer runtime) {}
