package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import dev.loraplus.ModulePath;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets.Candidate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.buffer.DataType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What attaching to a network will do, checked whole before anything is built.
 *
 * @param sites the layers with parameters, in order
 * @param adapted the weights that get factors, by layer and parameter key
 * @param biases the lengths of the biases that are trained, by layer and parameter key
 * @param trained the layers that are trained fully
 */
record NetworkPlan(
        List<Site> sites,
        Map<String, Map<String, AdaptedWeight>> adapted,
        Map<String, Map<String, Long>> biases,
        Set<String> trained) {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkPlan.class);

    /**
     * Resolves targets and modules to save against a network.
     *
     * @throws NoMatchingTargetException if targets or a module to save match nothing
     * @throws IllegalArgumentException if the network is not initialized, adapted already, neither FLOAT nor DOUBLE, has
     *     parameters outside its layers, or a layer can't be trained as the configuration says
     */
    static <N> NetworkPlan of(Topology<N> topology, N network, LoraConfig config, NetworkOptions options) {
        requireAdaptable(topology, network);
        List<Site> sites = topology.sites(network).stream()
                .filter(site -> site.runtime().numParams() > 0)
                .toList();
        Set<String> trained = trained(sites, config);
        Map<String, Map<String, AdaptedWeight>> adapted = adapted(sites, trained, config);
        NetworkPlan plan = new NetworkPlan(sites, adapted, biases(sites, adapted, trained, config), trained);
        new PlanChecks(config, options).check(plan);
        warnOfRank(adapted);
        return plan;
    }

    LayerMode mode(Site site) {
        return trained.contains(site.name())
                ? LayerMode.TRAINED
                : isAdapted(site) ? LayerMode.ADAPTED : LayerMode.FROZEN;
    }

    /** Returns the weights of a layer that get factors, by parameter key. */
    Map<String, AdaptedWeight> weights(Site site) {
        return adapted.getOrDefault(site.name(), Map.of());
    }

    /** Returns whether anything is trained beside a layer's own parameters. */
    boolean isAdapted(Site site) {
        return adapted.containsKey(site.name()) || biases.containsKey(site.name());
    }

    /**
     * Checks a network itself.
     *
     * @throws IllegalArgumentException if it is not initialized, adapted already, neither FLOAT nor DOUBLE, or has
     *     parameters outside its layers
     */
    static <N> void requireAdaptable(Topology<N> topology, N network) {
        topology.requireInitialized(network);
        List<String> ours = topology.sites(network).stream()
                .filter(site -> site.conf() instanceof LoraLayer)
                .map(Site::name)
                .toList();
        if (!ours.isEmpty()) {
            throw new IllegalArgumentException("The network holds an adapter already, in layers " + ours
                    + ". Merge or detach it first; LoraPlus.adapted(network) returns its handle.");
        }
        DataType type = topology.dataType(network);
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException("The network computes in " + type
                    + ", adaptable are FLOAT and DOUBLE; convert it by convertDataType(DataType.FLOAT).");
        }
        List<String> strangers = topology.strangers(network);
        if (!strangers.isEmpty()) {
            throw new IllegalArgumentException("The graph has vertices with parameters of their own, which can't be "
                    + "frozen: " + strangers + "; only layers can be.");
        }
    }

    private static Set<String> trained(List<Site> sites, LoraConfig config) {
        Set<String> trained = new LinkedHashSet<>();
        for (String module : config.modulesToSave()) {
            List<String> matching = sites.stream()
                    .map(Site::name)
                    .filter(name -> ModulePath.isWithin(name, module))
                    .toList();
            if (matching.isEmpty()) {
                throw new NoMatchingTargetException("No layer matches modulesToSave '" + module
                        + "'. Layers with parameters: "
                        + sites.stream()
                                .map(site -> "'" + site.name() + "' ("
                                        + site.conf().getClass().getSimpleName() + ")")
                                .toList()
                        + ".");
            }
            trained.addAll(matching);
        }
        return trained;
    }

    private static Map<String, Map<String, AdaptedWeight>> adapted(
            List<Site> sites, Set<String> trained, LoraConfig config) {
        Map<Site, Map<String, WeightMatrix>> possible = new LinkedHashMap<>();
        List<Candidate> candidates = new ArrayList<>();
        for (Site site : sites) {
            if (!trained.contains(site.name())) {
                Map<String, WeightMatrix> weights = LayerWeights.of(site);
                possible.put(site, weights);
                weights.keySet().forEach(key -> candidates.add(LayerWeights.candidate(site, key)));
            }
        }
        Set<String> chosen = new LinkedHashSet<>(config.resolveTargets(candidates));
        Map<String, Map<String, AdaptedWeight>> adapted = new LinkedHashMap<>();
        possible.forEach((site, weights) -> weights.forEach((key, weight) -> {
            if (chosen.contains(site.name() + "." + key)) {
                adapted.computeIfAbsent(site.name(), name -> new LinkedHashMap<>())
                        .put(key, LayerWeights.adapted(config, site, key, weight));
            }
        }));
        return adapted;
    }

    private static Map<String, Map<String, Long>> biases(
            List<Site> sites, Map<String, Map<String, AdaptedWeight>> adapted, Set<String> trained, LoraConfig config) {
        Map<String, Map<String, Long>> biases = new LinkedHashMap<>();
        for (Site site : sites) {
            boolean included =
                    switch (config.bias()) {
                        case NONE -> false;
                        case ALL -> !trained.contains(site.name());
                        case LORA_ONLY -> adapted.containsKey(site.name());
                    };
            Map<String, Long> lengths = included ? LayerWeights.biases(site) : Map.of();
            if (!lengths.isEmpty()) {
                biases.put(site.name(), lengths);
            }
        }
        return biases;
    }

    private static void warnOfRank(Map<String, Map<String, AdaptedWeight>> adapted) {
        adapted.forEach((layer, weights) -> weights.forEach((key, weight) -> {
            long limit = Math.min(weight.matrix().nIn(), weight.matrix().nOut());
            if (weight.rank() > limit) {
                LOG.warn(
                        "rank {} is above min(nIn, nOut) = {} of '{}.{}': the adapter is larger than needed.",
                        weight.rank(),
                        limit,
                        layer,
                        key);
            }
        }));
    }
}
