package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.learning.config.IUpdater;

/** Turns the layers of a plan into wrapped ones. */
final class LayerWrapping {
    private final LoraConfig config;
    private final NetworkOptions options;
    private final NetworkPlan plan;
    private final int iteration;
    private final int epoch;

    LayerWrapping(LoraConfig config, NetworkOptions options, NetworkPlan plan, int iteration, int epoch) {
        this.config = config;
        this.options = options;
        this.plan = plan;
        this.iteration = iteration;
        this.epoch = epoch;
    }

    /** Returns the wrapped layers by name, and makes their base weights known. */
    Map<String, LoraLayer> wrap() {
        Map<String, LoraLayer> wrapped = new LinkedHashMap<>();
        plan.sites().forEach(site -> wrapped.put(site.name(), wrap(site)));
        return wrapped;
    }

    private LoraLayer wrap(Site site) {
        LayerMode mode = plan.mode(site);
        Layer layer = trainable(site, options);
        Double headRate = mode == LayerMode.TRAINED && config.headRate().isPresent()
                ? Double.valueOf(config.headRate().getAsDouble())
                : null;
        setRate(layer, headRate);
        layer.setLayerName(site.name());
        Origin origin = new Origin(
                LayerConfs.copy(site.conf()),
                BaseWeightStore.register(site.runtime().params()),
                site.runtime().numParams(),
                iteration,
                epoch);
        return new LoraLayer(
                layer,
                new LoraSpec(
                        mode,
                        FactorSettings.of(config),
                        plan.weights(site),
                        plan.biases().getOrDefault(site.name(), Map.of()),
                        options.storage(),
                        headRate,
                        origin));
    }

    /** Returns a copy of a site's layer, not frozen by DL4J, with the training settings of the options. */
    static Layer trainable(Site site, NetworkOptions options) {
        Layer layer = LayerConfs.thawed(site.conf()).clone();
        if (options.fineTune() != null) {
            new FineTuning(options.fineTune()).apply(layer);
        }
        LayerConfs.changeUpdaters(layer, IUpdater::clone);
        return layer;
    }

    private static void setRate(Layer layer, @Nullable Double rate) {
        if (rate != null) {
            LayerConfs.changeUpdaters(layer, updater -> {
                if (updater.hasLearningRate()) {
                    updater.setLrAndSchedule(rate, null);
                }
                return updater;
            });
        }
    }
}
