package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Bias;
import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Translates between the weights of a network, {@code fc1.W}, which adapters hold, and modules, {@code fc1}, which their
 * patterns fit.
 */
final class ModuleNames {
    private final Map<String, String> modules = new LinkedHashMap<>();
    private final Map<String, String> weights = new LinkedHashMap<>();
    private final Map<String, String> layers = new LinkedHashMap<>();

    /** Takes the layers of a plain network. */
    ModuleNames(List<Site> sites) {
        for (Site site : sites) {
            if (site.runtime().numParams() > 0) {
                site.runtime().paramTable().keySet().forEach(key -> layers.put(site.name() + "." + key, site.name()));
                LayerWeights.of(site).keySet().forEach(key -> {
                    String module = FileParameter.module(site, key);
                    modules.put(site.name() + "." + key, module);
                    weights.put(module, site.name() + "." + key);
                });
            }
        }
    }

    /**
     * Returns an adapter with its factors by module, so that it can be combined.
     *
     * @throws IllegalArgumentException if it trains biases of the base
     */
    Adapter byModule(String name, Adapter adapter) {
        if (adapter.config().bias() != Bias.NONE) {
            throw new IllegalArgumentException("Only factors add up; adapter '" + name
                    + "' trains biases of the base, got bias = "
                    + adapter.config().bias()
                    + ". Merge that adapter instead.");
        }
        return new Adapter(
                adapter.config(), renamed(adapter.factors(), modules), adapter.saved(), adapter.provenance());
    }

    /**
     * Returns a combination with its factors by weight, and a configuration that attaches the like to the network.
     *
     * @throws IllegalArgumentException if it trains a layer fully that has factors too
     */
    Adapter byWeight(Adapter combined) {
        Map<String, Factors> factors = renamed(combined.factors(), weights);
        Set<String> adapted = layers(factors.keySet());
        Set<String> trained = layers(combined.saved().keySet());
        adapted.retainAll(trained);
        if (!adapted.isEmpty()) {
            throw new IllegalArgumentException(
                    "A layer is trained fully or has factors, but of these adapters some train and others adapt "
                            + adapted + "; merge one of them instead, or combine others.");
        }
        String[] targets = factors.keySet().toArray(String[]::new);
        LoraConfig config = combined.config().toBuilder()
                .targets(targets.length == 0 ? Targets.none() : Targets.named(targets))
                .modulesToSave(trained.toArray(String[]::new))
                .build();
        return new Adapter(config, factors, combined.saved(), combined.provenance());
    }

    private Set<String> layers(Set<String> parameters) {
        return parameters.stream()
                .map(name -> Objects.requireNonNull(layers.get(name), name))
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Map<String, Factors> renamed(Map<String, Factors> factors, Map<String, String> names) {
        Map<String, Factors> renamed = new LinkedHashMap<>();
        factors.forEach((name, pair) -> renamed.put(Objects.requireNonNull(names.get(name), name), pair));
        return renamed;
    }
}
