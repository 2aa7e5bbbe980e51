package dev.loraplus.network;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;

/**
 * A layer of a network, whatever kind of network holds it.
 *
 * @param name the layer's name, or its index where it has none of its own
 * @param index its position among the network's layers
 * @param conf its configuration
 * @param runtime what computes
 */
record Site(String name, int index, org.deeplearning4j.nn.conf.layers.Layer conf, Layer runtime) {

    /** Returns a site; a layer with an adapter counts as itself where TransferLearning froze it. */
    @SuppressWarnings("ReferenceEquality") // whether it is that very layer, not one like it
    static Site of(String name, int index, org.deeplearning4j.nn.conf.layers.Layer conf, Layer runtime) {
        org.deeplearning4j.nn.conf.layers.Layer visible = LayerConfs.visible(conf);
        Layer thawed = runtime;
        while (visible != conf && isFreezing(thawed)) {
            thawed = ((BaseWrapperLayer) thawed).getUnderlying();
        }
        return new Site(name, index, visible, thawed);
    }

    private static boolean isFreezing(Layer runtime) {
        return runtime instanceof FrozenLayer || runtime instanceof FrozenLayerWithBackprop;
    }
}
