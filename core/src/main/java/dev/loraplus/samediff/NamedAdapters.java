package dev.loraplus.samediff;

import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.math.AdapterCombination;
import dev.loraplus.math.AdapterCombination.Weighted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
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
public final class NamedAdapters {
    /** The name whose files are in the folder itself, as PEFT has it. */
    public static final String DEFAULT = "default";

    /** Puts an adapter onto the plain graph. */
    @FunctionalInterface
    private interface Attaching {
        @Nullable
        AdaptedGraph attach() throws IOException;
    }

    private final SameDiff graph;
    private final Map<String, Adapter> adapters = new LinkedHashMap<>();
    private final Map<String, Double> scales = new LinkedHashMap<>();
    private List<String> active = List.of();
    private @Nullable AdaptedGraph attached;

    private NamedAdapters(SameDiff graph) {
        this.graph = graph;
    }

    /** Starts without adapters on a plain graph. */
    public static NamedAdapters on(SameDiff graph) {
        return new NamedAdapters(Objects.requireNonNull(graph, "graph must not be null"));
    }

    /**
     * Makes a new adapter and activates it alone (PEFT: {@code add_adapter} and {@code set_adapter}).
     *
     * @param name not in use yet
     * @return its handle
     * @throws IllegalArgumentException if the name is in use or no name of a folder, or the configuration doesn't fit
     */
    public AdaptedGraph add(String name, LoraConfig config) {
        requireNew(name);
        exchange(List.of(name), () -> AdaptedGraph.attach(graph, config));
        return adapted();
    }

    /**
     * Loads an adapter from a PEFT folder and activates it alone (PEFT: {@code load_adapter} and {@code set_adapter}).
     *
     * @param name not in use yet
     * @param folder the folder with the two files
     * @return its handle
     * @throws IOException if the folder can't be read, does not fit the graph, or was trained on another base
     * @throws IllegalArgumentException if the name is in use or no name of a folder
     */
    public AdaptedGraph load(String name, Path folder) throws IOException {
        requireNew(name);
        exchangeReading(List.of(name), () -> AdaptedGraph.load(graph, folder, false, UnaryOperator.identity()));
        return adapted();
    }

    /** Returns all names, in the order in which they were added. */
    public List<String> names() {
        return List.copyOf(adapters.keySet());
    }

    /** Returns the names of the adapters that are in the graph. */
    public List<String> active() {
        return active;
    }

    /**
     * Returns the handle of the active adapter.
     *
     * @throws IllegalStateException if none or several are active
     */
    public AdaptedGraph adapted() {
        if (active.size() != 1 || attached == null) {
            throw new IllegalStateException("The graph has no single adapter, active are " + active
                    + "; activate one, or combine several under a name to train what they are together.");
        }
        return attached;
    }

    /**
     * Takes the active adapters out of the graph and puts others in (PEFT: {@code set_adapter}). The changes of several
     * add up, each with its own scaling and scale; they can be used but not trained together, and have no dropout then.
     * Without names the graph becomes the plain one.
     *
     * @throws IllegalArgumentException if a name is unknown or given twice, or several can't be added up, as
     *     {@link AdapterCombination#cat} says
     * @throws IllegalStateException if the active adapter is disabled, or merged without keeping its base
     */
    public void activate(String... names) {
        List<String> wanted = List.of(names);
        wanted.forEach(this::require);
        if (wanted.stream().distinct().count() != wanted.size()) {
            throw new IllegalArgumentException("Names of adapters to activate must differ, got " + wanted + ".");
        }
        if (!wanted.equals(active)) {
            exchange(wanted, () -> attach(wanted));
        }
    }

    /**
     * Returns the values of an adapter: a copy of now.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public Adapter adapter(String name) {
        require(name);
        return isAttached(name)
                ? adapted().snapshot()
                : Objects.requireNonNull(adapters.get(name)).copy();
    }

    /**
     * Forgets an adapter that is not active (PEFT: {@code delete_adapter}).
     *
     * @throws IllegalArgumentException if there is none of that name
     * @throws IllegalStateException if it is active
     */
    public void remove(String name) {
        require(name);
        if (active.contains(name)) {
            throw new IllegalStateException(
                    "Adapter '" + name + "' is active and can't be removed; activate another one, or none, first.");
        }
        adapters.remove(name);
        scales.remove(name);
    }

    /**
     * Multiplies an adapter's scaling as its configuration gives it, as {@link AdaptedGraph#setScale}; it stays while
     * others are active. Combinations and sums take it into account, files don't hold it.
     *
     * @throws IllegalArgumentException if there is none of that name, or the factor is not finite
     * @throws IllegalStateException if it is active, and the graph is merged or disabled
     */
    public void setScale(String name, double factor) {
        require(name);
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException(
                    "The scale of adapter '" + name + "' must be finite, got " + factor + ".");
        }
        if (isAttached(name)) {
            adapted().setScale(factor);
        }
        scales.put(name, factor);
        List<String> same = active;
        if (same.size() > 1 && same.contains(name)) {
            exchange(same, () -> attach(same));
        }
    }

    /**
     * Returns what an adapter's scaling is multiplied by.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public double scale(String name) {
        require(name);
        return isAttached(name) ? adapted().scale() : scales.getOrDefault(name, 1.0);
    }

    /**
     * Adds a linear combination, as {@link AdapterCombination#linear}, which is not activated.
     *
     * @param name not in use yet
     * @param weights the share of each adapter, by name
     * @throws IllegalArgumentException if a name is in use or unknown, or the adapters can't be combined
     */
    public void addLinear(String name, Map<String, Double> weights) {
        requireNew(name);
        adapters.put(name, AdapterCombination.linear(weighted(weights)));
    }

    /** Adds a combination of factors side by side, as {@link AdapterCombination#cat}; else as {@link #addLinear}. */
    public void addCat(String name, Map<String, Double> weights) {
        requireNew(name);
        adapters.put(name, AdapterCombination.cat(weighted(weights)));
    }

    /** Adds the best combination of a rank, as {@link AdapterCombination#svd}; else as {@link #addLinear}. */
    public void addSvd(String name, Map<String, Double> weights, OptionalInt rank) {
        requireNew(name);
        adapters.put(name, AdapterCombination.svd(weighted(weights), rank));
    }

    /**
     * Writes all adapters as PEFT does: the one named {@code default} to the folder itself, others to a folder of their
     * name in it. Each is activated in turn; in the end the same are active as before, with new handles.
     *
     * @throws IOException if a file can't be written
     */
    public void save(Path folder) throws IOException {
        List<String> before = active;
        try {
            for (String name : names()) {
                activate(name);
                adapted().save(name.equals(DEFAULT) ? folder : folder.resolve(name));
            }
        } finally {
            activate(before.toArray(String[]::new));
        }
    }

    private boolean isAttached(String name) {
        return active.equals(List.of(name));
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
        List<String> before = active;
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
        active = names;
        if (names.size() == 1 && adapted != null) {
            adapters.putIfAbsent(names.get(0), adapted.snapshot());
        }
    }

    /** Takes the active adapter off and keeps its values; the graph is the plain one then. */
    private void takeOff() {
        if (attached != null) {
            Map<String, Adapter> kept = active.size() == 1 ? Map.of(active.get(0), attached.snapshot()) : Map.of();
            double scale = attached.scale();
            attached.detach();
            adapters.putAll(kept);
            kept.keySet().forEach(name -> scales.put(name, scale));
            attached = null;
            active = List.of();
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
        AdaptedGraph adapted = restored(Objects.requireNonNull(adapters.get(names.get(0))));
        adapted.setScale(scales.getOrDefault(names.get(0), 1.0));
        return adapted;
    }

    private AdaptedGraph restored(Adapter adapter) {
        return AdaptedGraph.restored(graph, GraphPlan.of(graph, adapter.config()), adapter.config(), adapter);
    }

    private void require(String name) {
        if (!adapters.containsKey(name)) {
            throw new IllegalArgumentException("There is no adapter '" + name + "', expected one of " + names() + ".");
        }
    }

    private void requireNew(String name) {
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "There is an adapter '" + name + "' already; remove it or choose another" + " name.");
        }
        if (!name.matches("[\\w-][\\w.-]*")) {
            throw new IllegalArgumentException("The name of an adapter is that of a folder; expected letters, digits,"
                    + " '_', '-' and '.', not '.' first, got '" + name + "'.");
        }
    }
}
