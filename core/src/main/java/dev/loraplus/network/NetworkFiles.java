package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.io.AdapterLoading;
import dev.loraplus.io.FactorLayout;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.io.Slot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes adapters of networks to PEFT folders and reads them, see {@link FileParameter}. */
final class NetworkFiles {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkFiles.class);

    private NetworkFiles() {}

    /**
     * Writes an adapter.
     *
     * @param sites the layers of the adapted network
     * @param adapter their factors and parameters, by {@code <layer>.<parameter>}
     */
    static void write(Path folder, List<Site> sites, Adapter adapter) throws IOException {
        Map<String, Factors> factors = new LinkedHashMap<>();
        Map<String, FactorLayout> layouts = new LinkedHashMap<>();
        Map<String, Saved> saved = new LinkedHashMap<>();
        for (Site site : sites) {
            for (FileParameter parameter : parameters(site)) {
                String name = site.name() + "." + parameter.key();
                Slot slot = parameter.slot();
                if (slot.kind() == Slot.Kind.FACTORS) {
                    factors.put(
                            slot.name(),
                            Objects.requireNonNull(adapter.factors().get(name)));
                    layouts.put(slot.name(), slot.layout());
                } else {
                    Saved live = Objects.requireNonNull(adapter.saved().get(name));
                    saved.put(slot.name(), parameter.stored(live.value()));
                }
            }
        }
        PeftAdapterFile.write(folder, new Adapter(adapter.config(), factors, saved, adapter.provenance()), layouts);
    }

    /**
     * Returns what a file holds for the weights and layers of a plan, checked whole before anything is built.
     *
     * @throws IOException if the file doesn't fit the plan
     */
    static Adapter bind(NetworkPlan plan, PeftAdapterFile file) throws IOException {
        List<Slot> slots = new ArrayList<>();
        for (Site site : plan.sites()) {
            Map<String, INDArray> parameters = site.runtime().paramTable();
            plan.weights(site)
                    .forEach((key, weight) ->
                            slots.add(FileParameter.factors(site, key, weight.matrix(), shape(parameters, key))
                                    .slot()));
            plan.biases()
                    .getOrDefault(site.name(), Map.of())
                    .keySet()
                    .forEach(key -> slots.add(FileParameter.bias(
                                    site,
                                    key,
                                    shape(parameters, key),
                                    plan.weights(site).keySet())
                            .slot()));
            if (plan.trained().contains(site.name())) {
                parameters.forEach((key, array) ->
                        slots.add(FileParameter.saved(site, key, array.shape()).slot()));
            }
        }
        return file.bind(slots);
    }

    /**
     * Fills a newly adapted network with an adapter from a file.
     *
     * @param sites the layers of the adapted network
     * @param read what {@link #bind} gave for it
     * @param anyBase whether the file may have been trained on another base
     * @throws IOException if it was trained on another base; nothing is filled then
     */
    static void fill(List<Site> sites, PeftAdapterFile file, Adapter read, Path folder, boolean anyBase)
            throws IOException {
        if (!anyBase) {
            AdapterLoading.requireBase(file, folder, "network", () -> NetworkBases.fingerprint(sites));
        }
        file.notes().forEach(note -> LOG.info("{}: {}", folder, note));
        sites.forEach(site -> parameters(site).forEach(parameter -> fill(site, parameter, read)));
    }

    /** Returns what files hold of a layer of an adapted network; nothing for a frozen layer. */
    static List<FileParameter> parameters(Site site) {
        List<FileParameter> parameters = new ArrayList<>();
        if (site.runtime() instanceof AdapterLayer layer) {
            AdapterParameters own = layer.parameters();
            own.factors().keySet().forEach(key -> parameters.add(factors(site, own, key)));
            own.biases()
                    .keySet()
                    .forEach(key -> parameters.add(FileParameter.bias(
                            site, key, own.base(key).shape(), own.factors().keySet())));
        } else if (AdaptedNetwork.isTrained(site)) {
            site.runtime()
                    .paramTable()
                    .forEach((key, array) -> parameters.add(FileParameter.saved(site, key, array.shape())));
        }
        return parameters;
    }

    private static FileParameter factors(Site site, AdapterParameters own, String key) {
        return FileParameter.factors(site, key, own.weight(key), own.base(key).shape());
    }

    private static long[] shape(Map<String, INDArray> parameters, String key) {
        return Objects.requireNonNull(parameters.get(key)).shape();
    }

    private static void fill(Site site, FileParameter parameter, Adapter read) {
        String name = parameter.slot().name();
        if (parameter.slot().kind() == Slot.Kind.SAVED) {
            Map<String, INDArray> live = site.runtime() instanceof AdapterLayer layer
                    ? layer.parameters().biases()
                    : site.runtime().paramTable();
            fill(
                    Objects.requireNonNull(live.get(parameter.key())),
                    Objects.requireNonNull(read.saved().get(name)).value());
        } else if (site.runtime() instanceof AdapterLayer layer) {
            Factors live = Objects.requireNonNull(layer.parameters().factors().get(parameter.key()));
            Factors values = Objects.requireNonNull(read.factors().get(name));
            fill(live.a(), values.a());
            fill(live.b(), values.b());
            fillVector(live.bias(), values.bias());
            fillVector(live.magnitude(), values.magnitude());
        }
    }

    private static void fillVector(@Nullable INDArray live, @Nullable INDArray values) {
        if (live != null) {
            fill(live, Objects.requireNonNull(values));
        }
    }

    private static void fill(INDArray live, INDArray values) {
        live.assign(values.castTo(live.dataType()).reshape('c', live.shape()));
    }
}
