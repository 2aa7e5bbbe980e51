package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.learning.config.IUpdater;

/** Checks that the layers of a plan can be trained as a configuration says, and names all that can't be. */
final class PlanChecks {
    private final LoraConfig config;
    private final NetworkOptions options;
    private final List<String> problems = new ArrayList<>();

    PlanChecks(LoraConfig config, NetworkOptions options) {
        this.config = config;
        this.options = options;
    }

    /**
     * Checks a plan.
     *
     * @throws IllegalArgumentException if a layer has no updater, or one without the learning rate that lambda or the
     *     head rate needs, has no branch whose input dropout could zero, or the options set what has no effect; the
     *     message names all
     */
    void check(List<Site> sites, Map<String, Map<String, WeightMatrix>> adapted, Set<String> trained) {
        if (options.fineTune() != null) {
            checkSettings(new FineTuning(options.fineTune()).withoutEffect(!trained.isEmpty()));
        }
        for (Site site : sites) {
            if (adapted.containsKey(site.name())) {
                checkAdapted(site);
            } else if (trained.contains(site.name())) {
                config.headRate().ifPresent(rate -> checkRate(site, "headRate = " + rate + " sets"));
            }
        }
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

    private void checkAdapted(Site site) {
        if (LayerConfs.updater(LayerWrapping.trainable(site, options)) == null) {
            problems.add(named(site) + " has no updater that its factors could learn by");
        } else if (config.lambda() != 1) {
            checkRate(site, "lambda = " + config.lambda() + " multiplies");
        }
        if (config.dropout() > 0 && !BranchLayers.supports(LayerConfs.thawed(site.conf()))) {
            problems.add(named(site) + " computes with whole weights, where a branch has no input to drop; set dropout"
                    + " to 0 or exclude it");
        }
    }

    private void checkRate(Site site, String need) {
        IUpdater updater = LayerConfs.updater(LayerWrapping.trainable(site, options));
        if (updater == null || !updater.hasLearningRate()) {
            problems.add(named(site) + " has the updater "
                    + (updater == null ? "none" : updater.getClass().getSimpleName())
                    + ", without the learning rate that " + need + "; give it one, for example Adam, by "
                    + "NetworkOptions.withFineTune");
        }
    }

    private static String named(Site site) {
        return "'" + site.name() + "' (" + site.conf().getClass().getSimpleName() + ")";
    }
}
