package dev.loraplus.network;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.math.LowRankDelta;
import dev.loraplus.math.Magnitudes;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Makes networks of the original layers from an adapted one, which is not changed.
 *
 * @param <N> the kind of network
 */
final class PlainNetworks<N> {
    private final Topology<N> topology;
    private final N network;
    private final List<Site> sites;

    PlainNetworks(Topology<N> topology, N network) {
        this.topology = topology;
        this.network = network;
        this.sites = topology.sites(network);
    }

    /**
     * Returns the network with its adapter merged into the weights.
     *
     * @throws ArithmeticException if a merged weight would not be finite
     */
    N merged() {
        N merged = empty();
        for (Site target : topology.sites(merged)) {
            Site source = sites.get(target.index());
            if (source.runtime() instanceof AdapterLayer layer) {
                fill(target, layer.parameters().base());
                layer.parameters().biases().forEach((key, bias) -> fill(parameter(target, key), bias));
                layer.parameters().factors().forEach((key, pair) -> merge(target, layer.parameters(), key, pair));
            } else if (source.runtime().numParams() > 0) {
                fill(target, source.runtime().params());
            }
        }
        return merged;
    }

    /** Returns the network with its base weights, and layers that were never wrapped as they are. */
    N base(Function<Site, INDArray> bases) {
        N plain = empty();
        for (Site target : topology.sites(plain)) {
            Site source = sites.get(target.index());
            if (target.runtime().numParams() > 0) {
                fill(target, AdaptedNetwork.isPlain(source) ? source.runtime().params() : bases.apply(source));
            }
        }
        return plain;
    }

    /** Sets all parameters of a layer. */
    static void fill(Site site, INDArray weights) {
        fill(site.runtime().params(), weights);
    }

    private static void fill(INDArray target, INDArray values) {
        target.assign(values.reshape(target.shape()));
    }

    /** Returns a network of the original layers, whose parameters are still to be set. */
    private N empty() {
        long length = sites.stream()
                .mapToLong(site -> site.conf() instanceof LoraLayer lora
                        ? lora.spec().origin().length()
                        : site.runtime().numParams())
                .sum();
        Origin origin = NetworkConfigs.first(sites).spec().origin();
        return topology.rebuild(
                network,
                (name, layer) -> layer instanceof LoraLayer lora ? original(lora) : layer,
                origin.iteration(),
                origin.epoch(),
                Nd4j.create(topology.dataType(network), 1, length));
    }

    private static Layer original(LoraLayer layer) {
        return LayerConfs.copy(layer.spec().origin().layer());
    }

    private static INDArray bias(Site site, String key) {
        INDArray bias = site.runtime().paramTable().get(DefaultParamInitializer.BIAS_KEY);
        if (bias == null) {
            throw new IllegalStateException("Cannot merge '" + site.name() + "." + key
                    + "': B has a bias, and the layer has none that could take it; keep the adapter.");
        }
        return bias;
    }

    private static INDArray parameter(Site site, String key) {
        return Objects.requireNonNull(site.runtime().paramTable().get(key));
    }

    private static void merge(Site site, AdapterParameters parameters, String key, Factors pair) {
        INDArray stored = parameter(site, key);
        try {
            INDArray weight = parameters.weight(key).of(stored);
            Factors change = parameters.change(key);
            double scaling = parameters.adapted(key).scaling();
            if (pair.magnitude() != null) {
                Magnitudes.merge(weight, change.a(), change.b(), scaling, pair.magnitude(), false);
            } else {
                LowRankDelta.addTo(weight, change.a(), change.b(), scaling, false);
            }
            if (pair.bias() != null) {
                bias(site, key).addi(pair.bias().mul(parameters.scaling(key)));
            }
        } catch (IllegalArgumentException e) {
            throw new ArithmeticException("Cannot merge '" + site.name() + "." + key + "': " + e.getMessage());
        }
    }
}
