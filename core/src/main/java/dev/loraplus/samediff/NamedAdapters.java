package dev.loraplus.samediff;

import dev.loraplus.Adapter;
import dev.loraplus.AdapterSet;
import dev.loraplus.LoraConfig;
import dev.loraplus.io.AdapterNames;
import dev.loraplus.math.AdapterCombination;
import dev.loraplus.math.AdapterCombination.Weighted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * Keeps several adapters of one SameDiff graph by name, of which those that are active are in the graph.
 *
 * <p>Each call that changes what is active changes the graph in place, ends the handle that {@link #adapted()} gave
 * before, with its trainers, and keeps the values that were trained. If a call fails, the graph and what is active stay as
 * they were. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class NamedAdapters implements AdapterSet<SameDiff> {
    /** Puts an adapter onto the plain graph. */
    @FunctionalInterface
    private interface Attaching {
        @Nullable
        AdaptedGraph attach() throws IOException;
    }

    private final SameDiff graph;
    private final AdapterNames<Adapter> adapters = new AdapterNames<>();
    private final Map<String, Double> scales = new HashMap<>();
    private @Nullable AdaptedGraph attached;

    private NamedAdapters(SameDiff graph) {
        this.graph = graph;
    }

    /** Starts without adapters on a plain graph. */
    public static NamedAdapters on(SameDiff graph) {
        return new NamedAdapters(Objects.requireNonNull(graph, "graph must not be null"));
    }

    @Override
    public AdaptedGraph add(String name, LoraConfig config) {
        adapters.requireNew(name);
        exchange(List.of(name), () -> AdaptedGraph.attach(graph, config));
        return adapted();
    }

    @Override
    public AdaptedGraph load(String name, Path folder) throws IOException {
        adapters.requireNew(name);
        exchangeReading(List.of(name), () -> AdaptedGraph.load(graph, folder, false, UnaryOperator.identity()));
        return adapted();
    }

    @Override
    public List<String> names() {
        return adapters.all();
    }

    @Override
    public List<String> active() {
        return adapters.active();
    }

    /** Returns the graph. */
    @Override
    public SameDiff model() {
        return graph;
    }

    @Override
    public AdaptedGraph adapted() {
        if (active().size() != 1 || attached == null) {
            throw new IllegalStateException("The graph has no single adapter, active are " + active()
                    + "; activate one, or combine several under a name to train what they are together.");
        }
        return attached;
    }

    @Override
    public void activate(String... names) {
        List<String> wanted = adapters.known(names);
        if (!wanted.equals(active())) {
            exchange(wanted, () -> attach(wanted));
        }
    }

    @Override
    public Adapter adapter(String name) {
        Adapter kept = adapters.get(name);
        return adapters.isActiveAlone(name) ? adapted().snapshot() : kept.copy();
    }

    @Override
    public void remove(String name) {
        adapters.remove(name);
        scales.remove(name);
    }

    @Override
    public void setScale(String name, double factor) {
        adapters.get(name);
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException(
                    "The scale of adapter '" + name + "' must be finite, got " + factor + ".");
        }
        if (adapters.isActiveAlone(name)) {
            adapted().setScale(factor);
        }
        scales.put(name, factor);
        List<String> same = active();
        if (same.size() > 1 && same.contains(name)) {
            exchange(same, () -> attach(same));
        }
    }

    @Override
    public double scale(String name) {
        adapters.get(name);
        return adapters.isActiveAlone(name) ? adapted().scale() : scales.getOrDefault(name, 1.0);
    }

    @Override
    public void addLinear(String name, Map<String, Double> weights) {
        adapters.requireNew(name);
        adapters.put(name, AdapterCombination.linear(weighted(weights)));
    }

    @Override
    public void addCat(String name, Map<String, Double> weights) {
        adapters.requireNew(name);
        adapters.put(name, AdapterCombination.cat(weighted(weights)));
    }

    @Override
    public void addSvd(String name, Map<String, Double> weights, OptionalInt rank) {
        adapters.requireNew(name);
        adapters.put(name, AdapterCombination.svd(weighted(weights), rank));
    }

    /** Writes all adapters; each is activated in turn, so that in the end the active one has a new handle. */
    @Override
    public void save(Path folder) throws IOException {
        List<String> before = active();
        try {
            for (String name : names()) {
                activate(name);
                adapted().save(AdapterNames.folder(folder, name));
            }
        } finally {
            activate(before.toArray(String[]::new));
        }
    }

    private List<Weighted> weighted(Map<String, Double> weights) {
        List<Weighted> parts = new ArrayList<>();
        weights.forEach((name, weight) -> parts.add(new Weighted(adapter(name), weight * scale(name))));
        return parts;
    }

    private void exchange(List<String> next, Attaching attaching) {
        try {
            exchangeReading(next, attaching);
        } catch (IOException e) {
            throw new IllegalStateException("No file was read, but: " + e.getMessage(), e);
        }
    }

    /** Puts what {@code attaching} attaches, if anything, in the place of what is active; on failure, nothing changes. */
    private void exchangeReading(List<String> next, Attaching attaching) throws IOException {
        List<String> before = active();
        takeOff();
        try {
            put(next, attaching.attach());
        } catch (IOException | RuntimeException e) {
            put(before, attach(before));
            throw e;
        }
    }

    private void put(List<String> names, @Nullable AdaptedGraph adapted) {
        attached = adapted;
        adapters.activate(names);
        if (names.size() == 1 && adapted != null && !adapters.contains(names.get(0))) {
            adapters.put(names.get(0), adapted.snapshot());
        }
    }

    /** Takes the active adapter off and keeps its values; the graph is the plain one then. */
    private void takeOff() {
        if (attached != null) {
            Map<String, Adapter> kept = active().size() == 1 ? Map.of(active().get(0), attached.snapshot()) : Map.of();
            double scale = attached.scale();
            attached.detach();
            kept.forEach((name, adapter) -> {
                adapters.put(name, adapter);
                scales.put(name, scale);
            });
            attached = null;
            adapters.activate(List.of());
        }
    }

    private @Nullable AdaptedGraph attach(List<String> names) {
        if (names.isEmpty()) {
            return null;
        }
        if (names.size() > 1) {
            Map<String, Double> weights = new LinkedHashMap<>();
            names.forEach(name -> weights.put(name, 1.0));
            return restored(AdapterCombination.cat(weighted(weights)));
        }
        AdaptedGraph adapted = restored(adapters.get(names.get(0)));
        adapted.setScale(scales.getOrDefault(names.get(0), 1.0));
        return adapted;
    }

    private AdaptedGraph restored(Adapter adapter) {
        return AdaptedGraph.restored(graph, GraphPlan.of(graph, adapter.config()), adapter.config(), adapter);
    }
}
