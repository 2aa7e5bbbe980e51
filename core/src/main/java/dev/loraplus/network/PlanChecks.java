package dev.loraplus.network;

import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.learning.config.IUpdater;

/** Checks that the layers of a plan can be trained as a configuration says, and names all that can't be. */
final class PlanChecks {
    private final LoraConfig config;
    private final NetworkOptions options;
    private final List<String> problems = new ArrayList<>();
    private final Map<String, List<String>> layersByProblem = new LinkedHashMap<>();

    PlanChecks(LoraConfig config, NetworkOptions options) {
        this.config = config;
        this.options = options;
    }

    /**
     * Checks a plan.
     *
     * @throws IllegalArgumentException if a layer has no updater, or one without the learning rate that lambda,
     *     embeddingRate or headRate needs, has no branch for dropout or a bias of B, or a weight that factors can't start
     *     from, or what is set has no effect; the message names all
     */
    void check(NetworkPlan plan) {
        if (options.fineTune() != null) {
            checkSettings(new FineTuning(options.fineTune()).withoutEffect(plan));
        }
        for (Site site : plan.sites()) {
            IUpdater updater = LayerConfs.updater(LayerWrapping.trainable(site, options));
            if (plan.isAdapted(site)) {
                checkAdapted(site, plan.weights(site).values(), updater);
                plan.weights(site).forEach((key, weight) -> checkStart(site, key, weight));
            } else if (plan.trained().contains(site.name())) {
                config.headRate().ifPresent(rate -> checkRate(site, updater, "headRate = " + rate + " sets"));
            }
        }
        checkUse(plan);
        layersByProblem.forEach((problem, layers) -> problems.add(String.join(", ", layers) + ": " + problem));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("Cannot adapt the network: " + String.join("; ", problems) + ".");
        }
    }

    private static void checkSettings(List<String> withoutEffect) {
        if (!withoutEffect.isEmpty()) {
            throw new IllegalArgumentException("The FineTuneConfiguration has settings that can't apply to an adapter: "
                    + String.join("; ", withoutEffect) + ". Leave them out.");
        }
    }

    private void checkAdapted(Site site, Collection<AdaptedWeight> weights, @Nullable IUpdater updater) {
        if (updater == null) {
            add(site, "no updater that an adapter could learn by");
        } else if (weights.stream().anyMatch(AdaptedWeight::needsRate)) {
            checkRate(site, updater, need(weights));
        }
        if (!weights.isEmpty()) {
            checkBranch(site, LayerConfs.thawed(site.conf()));
        }
    }

    /** Checks that factors can start from a weight, if that is where they are to start. */
    private void checkStart(Site site, String key, AdaptedWeight weight) {
        Initialization initialization = config.initialization();
        long limit = Math.min(weight.matrix().nIn(), weight.matrix().nOut());
        if (!initialization.changesBase()) {
            return;
        }
        if (!LayerWeights.canStartFactors(site, key)) {
            add(
                    site,
                    "'" + key + "' is no linear weight, which " + initialization
                            + " starts from; choose another initialization or exclude it");
        } else if (weight.rank() > limit) {
            add(
                    site,
                    "'" + key + "' has only " + limit + " directions for rank " + weight.rank() + ", which "
                            + initialization + " takes from it; lower the rank");
        }
    }

    private void checkBranch(Site site, Layer layer) {
        if (config.loraBias() && !LayerWeights.takesBiasOfB(layer)) {
            add(site, "no branch of its own whose B could have a bias; exclude it, or set loraBias to false");
        }
        if (config.dropout() > 0 && config.dora()) {
            add(
                    site,
                    "computes with the whole weight under dora, where a branch has no input to drop; set dropout to 0");
        } else if (config.dropout() > 0 && !BranchLayers.supports(layer)) {
            add(
                    site,
                    "computes with whole weights, where a branch has no input to drop; set dropout to 0 or exclude it");
        }
    }

    private void checkRate(Site site, @Nullable IUpdater updater, String need) {
        if (updater == null || !updater.hasLearningRate()) {
            String kind = updater == null ? "none" : updater.getClass().getSimpleName();
            add(
                    site,
                    "the updater " + kind + " is without the learning rate that " + need
                            + "; give it one, for example Adam, by NetworkOptions.withFineTune");
        }
    }

    private static String need(Collection<AdaptedWeight> weights) {
        return weights.stream().anyMatch(weight -> weight.rate() != null)
                ? "embeddingRate sets"
                : "lambda = "
                        + weights.stream().map(AdaptedWeight::lambda).distinct().toList() + " multiplies";
    }

    /** Nothing that was set may be without effect. */
    private void checkUse(NetworkPlan plan) {
        List<String> modules = new ArrayList<>();
        plan.sites()
                .forEach(site ->
                        plan.weights(site).keySet().forEach(key -> modules.add(FileParameter.module(site, key))));
        List<String> idle = config.idlePatterns(modules);
        if (!idle.isEmpty()) {
            problems.add(idle + " fit none of the targets " + modules + "; correct them or leave them out");
        }
        boolean embeddings = plan.adapted().values().stream()
                .flatMap(weights -> weights.values().stream())
                .anyMatch(weight -> weight.rate() != null);
        if (config.embeddingRate().isPresent() && !embeddings) {
            problems.add("embeddingRate is set, but no embedding is a target; leave it out");
        }
        if (config.bias() != Bias.NONE && plan.biases().isEmpty()) {
            problems.add("bias = " + config.bias() + ", but none of these layers has one; leave it out");
        }
    }

    private void add(Site site, String problem) {
        layersByProblem
                .computeIfAbsent(problem, text -> new ArrayList<>())
                .add("'" + site.name() + "' (" + site.conf().getClass().getSimpleName() + ")");
    }
}
