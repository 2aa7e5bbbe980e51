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
 * @param trained the layers that are trained fully
 */
record NetworkPlan(List<Site> sites, Map<String, Map<String, WeightMatrix>> adapted, Set<String> trained) {
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
        PlainOptions.require(config);
        List<Site> sites = topology.sites(network).stream()
                .filter(site -> site.runtime().numParams() > 0)
                .toList();
        Set<String> trained = trained(sites, config);
        Map<String, Map<String, WeightMatrix>> adapted = adapted(sites, trained, config);
        new PlanChecks(config, options).check(sites, adapted, trained);
        warnOfRank(adapted, config.rank());
        return new NetworkPlan(sites, adapted, trained);
    }

    LayerMode mode(Site site) {
        return trained.contains(site.name())
                ? LayerMode.TRAINED
                : adapted.containsKey(site.name()) ? LayerMode.ADAPTED : LayerMode.FROZEN;
    }

    private static <N> void requireAdaptable(Topology<N> topology, N network) {
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

    private static Map<String, Map<String, WeightMatrix>> adapted(
            List<Site> sites, Set<String> trained, LoraConfig config) {
        Map<String, Map<String, WeightMatrix>> possible = new LinkedHashMap<>();
        List<Candidate> candidates = new ArrayList<>();
        for (Site site : sites) {
            if (!trained.contains(site.name())) {
                Map<String, WeightMatrix> weights = LayerWeights.of(site);
                possible.put(site.name(), weights);
                weights.keySet().forEach(key -> candidates.add(LayerWeights.candidate(site, key)));
            }
        }
        Set<String> chosen = new LinkedHashSet<>(config.targets().resolve(candidates));
        Map<String, Map<String, WeightMatrix>> adapted = new LinkedHashMap<>();
        possible.forEach((layer, weights) -> weights.forEach((key, weight) -> {
            if (chosen.contains(layer + "." + key)) {
                adapted.computeIfAbsent(layer, name -> new LinkedHashMap<>()).put(key, weight);
            }
        }));
        return adapted;
    }

    private static void warnOfRank(Map<String, Map<String, WeightMatrix>> adapted, int rank) {
        adapted.forEach((layer, weights) -> weights.forEach((key, weight) -> {
            long limit = Math.min(weight.nIn(), weight.nOut());
            if (rank > limit) {
                LOG.warn(
                        "rank {} is above min(nIn, nOut) = {} of '{}.{}': the adapter is larger than needed.",
                        rank,
                        limit,
                        layer,
                        key);
            }
        }));
    }
}
