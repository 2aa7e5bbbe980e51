package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import dev.loraplus.Targets;
import java.util.ArrayList;
import java.util.List;

/** Reads the configuration of an adapter back from the layers of a network. */
final class NetworkConfigs {
    private NetworkConfigs() {}

    /**
     * Returns a configuration that makes the same adapter again, with its targets named one by one.
     *
     * @throws IllegalArgumentException if the network holds no adapter
     */
    static LoraConfig of(List<Site> sites) {
        List<String> targets = new ArrayList<>();
        List<String> trained = new ArrayList<>();
        LoraConfig.Builder builder = first(sites).spec().factors().builder();
        for (Site site : sites) {
            if (site.conf() instanceof LoraLayer lora) {
                lora.spec().weights().keySet().forEach(key -> targets.add(site.name() + "." + key));
                if (AdaptedNetwork.isTrained(site)) {
                    trained.add(site.name());
                }
                if (lora.spec().headRate() != null) {
                    builder.headRate(lora.spec().headRate());
                }
            }
        }
        return builder.targets(targets.isEmpty() ? Targets.none() : Targets.named(targets.toArray(String[]::new)))
                .modulesToSave(trained.toArray(String[]::new))
                .build();
    }

    /** Returns the first wrapped layer. */
    static LoraLayer first(List<Site> sites) {
        return sites.stream()
                .filter(site -> site.conf() instanceof LoraLayer)
                .map(site -> (LoraLayer) site.conf())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("The network holds no adapter, its layers are "
                        + sites.stream().map(Site::name).toList() + "; attach one by LoraPlus.attach."));
    }
}
