package dev.loraplus.network;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/** Reads and changes configurations of DL4J's layers, whatever wraps them. */
final class LayerConfs {
    private LayerConfs() {}

    /** Returns the layer without the wrappers that freeze it: a base is frozen by us. */
    static Layer thawed(Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return thawed(frozen.getLayer());
        }
        return layer instanceof FrozenLayerWithBackprop frozen ? thawed(frozen.getUnderlying()) : layer;
    }

    /** Returns the layer with an adapter that TransferLearning froze, without what freezes it, or the layer itself. */
    static Layer visible(Layer layer) {
        Layer thawed = thawed(layer);
        return thawed instanceof LoraLayer ? thawed : layer;
    }

    /** Returns a copy whose updaters can be changed without changing the layer's; DL4J's own copies share them. */
    static Layer copy(Layer layer) {
        Layer copy = layer.clone();
        changeUpdaters(copy, IUpdater::clone);
        return copy;
    }

    /** Returns the layers that hold parameters: the one innermost, or both directions. */
    static List<Layer> holders(Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return holders(frozen.getLayer());
        }
        if (layer instanceof BaseWrapperLayer wrapper) {
            return holders(wrapper.getUnderlying());
        }
        if (layer instanceof Bidirectional both) {
            List<Layer> holders = new ArrayList<>(holders(both.getFwd()));
            holders.addAll(holders(both.getBwd()));
            return holders;
        }
        return List.of(layer);
    }

    static Layer innermost(Layer layer) {
        return holders(layer).get(0);
    }

    /** Returns the updater of the layer's weights, if it has one. */
    static @Nullable IUpdater updater(Layer layer) {
        Layer holder = innermost(layer);
        if (holder instanceof BaseLayer base) {
            return base.getIUpdater();
        }
        return holder instanceof AbstractSameDiffLayer sameDiff ? sameDiff.getUpdater() : null;
    }

    /** Returns the updater of the layer's biases: one of their own, or that of its weights. */
    static @Nullable IUpdater biasUpdater(Layer layer) {
        Layer holder = innermost(layer);
        IUpdater own = null;
        if (holder instanceof BaseLayer base) {
            own = base.getBiasUpdater();
        } else if (holder instanceof AbstractSameDiffLayer sameDiff) {
            own = sameDiff.getBiasUpdater();
        }
        return own == null ? updater(layer) : own;
    }

    /** Returns what regularizes the layer's weights. */
    static List<Regularization> regularization(Layer layer) {
        Layer holder = innermost(layer);
        List<Regularization> found = holder instanceof BaseLayer base
                ? base.getRegularization()
                : holder instanceof AbstractSameDiffLayer sameDiff ? sameDiff.getRegularization() : null;
        return found == null ? List.of() : found;
    }

    /** Returns what regularizes the layer's biases. */
    static List<Regularization> biasRegularization(Layer layer) {
        Layer holder = innermost(layer);
        List<Regularization> found = holder instanceof BaseLayer base
                ? base.getRegularizationBias()
                : holder instanceof AbstractSameDiffLayer sameDiff ? sameDiff.getRegularizationBias() : null;
        return found == null ? List.of() : found;
    }

    /** Returns whether a parameter is a bias; DL4J's own answer for a bidirectional layer is that of its weights. */
    static boolean isBias(Layer layer, String key) {
        if (layer instanceof Bidirectional both) {
            return isBias(both.getFwd(), key.substring(1));
        }
        return layer instanceof BaseWrapperLayer wrapper
                ? isBias(wrapper.getUnderlying(), key)
                : layer.initializer().isBiasParam(layer, key);
    }

    /** Replaces the updaters of weights and biases in place. */
    static void changeUpdaters(Layer layer, UnaryOperator<IUpdater> change) {
        for (Layer holder : holders(layer)) {
            if (holder instanceof BaseLayer base) {
                base.setIUpdater(changed(base.getIUpdater(), change));
                base.setBiasUpdater(changed(base.getBiasUpdater(), change));
            } else if (holder instanceof AbstractSameDiffLayer sameDiff) {
                sameDiff.setUpdater(changed(sameDiff.getUpdater(), change));
                sameDiff.setBiasUpdater(changed(sameDiff.getBiasUpdater(), change));
            }
        }
    }

    /** Returns the simple names of the classes of the layer and what it wraps, and of their superclasses. */
    static Set<String> kinds(Layer layer) {
        Set<String> kinds = new LinkedHashSet<>();
        for (Layer each : List.of(layer, innermost(layer))) {
            for (Class<?> kind = each.getClass(); kind != Object.class; kind = kind.getSuperclass()) {
                kinds.add(kind.getName());
            }
        }
        return kinds;
    }

    private static @Nullable IUpdater changed(@Nullable IUpdater updater, UnaryOperator<IUpdater> change) {
        return updater == null ? null : change.apply(updater);
    }
}
