package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Prepares layers that are wrapped before they have weights. */
final class NewLayer {
    private NewLayer() {}

    /** Returns what is known of a layer before its network is initialized. */
    static LoraSpec unresolved(Layer layer, FactorSettings factors) {
        return new LoraSpec(
                LayerMode.ADAPTED,
                factors,
                Map.of(),
                Map.of(),
                Storage.EMBEDDED,
                null,
                new Origin(layer, null, -1, 0, 0));
    }

    /**
     * Returns all that is to be known of a layer whose sizes are set.
     *
     * @param requested the parameter keys of the weights that get factors; none means the linear ones
     * @throws IllegalArgumentException if the layer has no such weight
     */
    static LoraSpec resolve(LoraLayer lora, LoraSpec spec, List<String> requested, NeuralNetConfiguration conf) {
        Layer layer = lora.getUnderlying();
        NeuralNetConfiguration inner = lora.inner(conf);
        long length = layer.initializer().numParams(inner);
        Site site = new Site(
                String.valueOf(lora.getLayerName()),
                0,
                layer,
                layer.instantiate(
                        inner, null, 0, Nd4j.create(DataType.FLOAT, Math.max(1, length)), false, DataType.FLOAT));
        Map<String, WeightMatrix> possible = LayerWeights.of(site);
        Set<String> chosen = new TreeSet<>(possible.keySet());
        chosen.removeIf(
                key -> requested.isEmpty() ? !LayerWeights.candidate(site, key).linear() : !requested.contains(key));
        if (chosen.isEmpty() || !possible.keySet().containsAll(requested)) {
            throw new IllegalArgumentException("Layer '" + site.name() + "' ("
                    + layer.getClass().getSimpleName() + ") has the adaptable weights " + possible.keySet() + ", got "
                    + (requested.isEmpty() ? "all linear" : requested) + "; name some by LoraLayer.Builder.weights.");
        }
        LoraConfig config = spec.factors().builder().build();
        Map<String, AdaptedWeight> weights = new LinkedHashMap<>();
        possible.forEach((key, matrix) -> {
            if (chosen.contains(key)) {
                weights.put(key, LayerWeights.adapted(config, site, key, matrix));
            }
        });
        Origin origin = new Origin(layer.clone(), null, length, 0, 0);
        return new LoraSpec(spec.mode(), spec.factors(), weights, spec.biases(), spec.storage(), null, origin);
    }
}
