package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.AdapterSet;
import dev.loraplus.LoraConfig;
import dev.loraplus.io.AdapterNames;
import dev.loraplus.math.AdapterCombination;
import dev.loraplus.math.AdapterCombination.Weighted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;

/**
 * Keeps several adapters of one {@link MultiLayerNetwork} or {@link ComputationGraph} by name, each in a network of its
 * own, all of which share the base's frozen weights.
 *
 * <p>The base is never changed, and must not be. Each network trains, predicts and is saved by itself, whatever is active,
 * with its own updater state; once it has predicted it holds the sums of its adapted weights too. Not thread-safe.
 *
 * @param <N> {@link MultiLayerNetwork} or {@link ComputationGraph}
 * @since 0.1.0
 */
public final class NamedNetworks<N> implements AdapterSet<N> {
    /** One adapter, and what it was attached with. */
    private record Member<N>(AdaptedNetwork<N> adapted, NetworkOptions options) {}

    private final Topology<N> topology;
    private final N base;
    private final ModuleNames modules;
    private final AdapterNames<Member<N>> members = new AdapterNames<>();
    private @Nullable AdaptedNetwork<N> sum;

    private NamedNetworks(Topology<N> topology, N base) {
        NetworkPlan.requireAdaptable(topology, base);
        this.topology = topology;
        this.base = base;
        this.modules = new ModuleNames(topology.sites(base));
    }

    /**
     * Starts without adapters on a network, which is not changed.
     *
     * @throws IllegalArgumentException if the network is not initialized, is adapted already, or is neither FLOAT nor
     *     DOUBLE
     */
    public static NamedNetworks<MultiLayerNetwork> on(MultiLayerNetwork base) {
        return new NamedNetworks<>(MultiLayerTopology.INSTANCE, base);
    }

    /**
     * Starts without adapters on a graph of layers, which is not changed.
     *
     * @throws IllegalArgumentException if the graph is not initialized, is adapted already, is neither FLOAT nor DOUBLE,
     *     or has parameters outside its layers
     */
    public static NamedNetworks<ComputationGraph> on(ComputationGraph base) {
        return new NamedNetworks<>(GraphTopology.INSTANCE, base);
    }

    @Override
    public AdaptedNetwork<N> add(String name, LoraConfig config) {
        return add(name, config, NetworkOptions.defaults());
    }

    /** Makes a new adapter as {@link #add(String, LoraConfig)}, with options. */
    public AdaptedNetwork<N> add(String name, LoraConfig config, NetworkOptions options) {
        members.requireNew(name);
        return entered(name, AdaptedNetwork.attach(topology, base, config, options), options);
    }

    @Override
    public AdaptedNetwork<N> load(String name, Path folder) throws IOException {
        return load(name, folder, UnaryOperator.identity(), NetworkOptions.defaults());
    }

    /**
     * Loads an adapter as {@link #load(String, Path)}, to be trained on with other settings than the file's.
     *
     * @param change changes lambda, headRate, dropout or seed; rank, alpha, targets and modules to save are the file's
     * @throws IOException as {@link #load(String, Path)}
     * @throws IllegalArgumentException if the name is in use or no name of a folder, or rank, alpha, targets or modules
     *     to save are changed
     */
    public AdaptedNetwork<N> load(
            String name, Path folder, UnaryOperator<LoraConfig.Builder> change, NetworkOptions options)
            throws IOException {
        members.requireNew(name);
        return entered(name, AdaptedNetwork.load(topology, base, folder, false, change, options), options);
    }

    @Override
    public List<String> names() {
        return members.all();
    }

    @Override
    public List<String> active() {
        return members.active();
    }

    /**
     * Returns the network of what is active: the base if nothing is, an adapter's own, or for several one that sums them
     * up as they were when they were activated or scaled, and refuses to be trained.
     */
    @Override
    public N model() {
        if (sum != null) {
            return sum.model();
        }
        return active().isEmpty() ? base : adapted().model();
    }

    @Override
    public AdaptedNetwork<N> adapted() {
        if (active().size() != 1) {
            throw new IllegalStateException("No single adapter is active, but " + active()
                    + "; activate one, ask for one by its name, or combine several under a name to train what they are"
                    + " together.");
        }
        return adapted(active().get(0));
    }

    /**
     * Returns the handle of an adapter, active or not.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public AdaptedNetwork<N> adapted(String name) {
        return members.get(name).adapted();
    }

    @Override
    public void activate(String... names) {
        List<String> wanted = members.known(names);
        sum = wanted.size() > 1 ? sum(wanted) : null;
        members.activate(wanted);
    }

    @Override
    public Adapter adapter(String name) {
        return adapted(name).adapter().copy();
    }

    /** Forgets an adapter that is not active; its handle and its network stay usable. */
    @Override
    public void remove(String name) {
        members.remove(name);
    }

    @Override
    public void setScale(String name, double factor) {
        double before = scale(name);
        adapted(name).setScale(factor);
        try {
            sum = sum != null && active().contains(name) ? sum(active()) : sum;
        } catch (IllegalStateException e) {
            adapted(name).setScale(before);
            throw e;
        }
    }

    @Override
    public double scale(String name) {
        return adapted(name).scale();
    }

    /**
     * Adds a linear combination, as {@link AdapterCombination#linear}, which is not activated; it has the first adapter's
     * options.
     */
    @Override
    public void addLinear(String name, Map<String, Double> weights) {
        addCombined(name, weights, AdapterCombination::linear);
    }

    @Override
    public void addCat(String name, Map<String, Double> weights) {
        addCombined(name, weights, AdapterCombination::cat);
    }

    @Override
    public void addSvd(String name, Map<String, Double> weights, OptionalInt rank) {
        addCombined(name, weights, parts -> AdapterCombination.svd(parts, rank));
    }

    @Override
    public void save(Path folder) throws IOException {
        for (String name : names()) {
            adapted(name).save(AdapterNames.folder(folder, name));
        }
    }

    private AdaptedNetwork<N> entered(String name, AdaptedNetwork<N> adapted, NetworkOptions options) {
        members.put(name, new Member<>(adapted, options));
        activate(name);
        return adapted;
    }

    private void addCombined(String name, Map<String, Double> weights, Function<List<Weighted>, Adapter> method) {
        members.requireNew(name);
        Adapter combined = modules.byWeight(method.apply(weighted(weights)));
        NetworkOptions options = optionsOfFirst(weights);
        members.put(name, new Member<>(attached(combined, combined.config(), options), options));
    }

    private AdaptedNetwork<N> sum(List<String> names) {
        Map<String, Double> weights = new LinkedHashMap<>();
        names.forEach(name -> weights.put(name, 1.0));
        Adapter combined = modules.byWeight(AdapterCombination.cat(weighted(weights)));
        LoraConfig untrained =
                combined.config().toBuilder().dropout(0).lambda(1).build();
        AdaptedNetwork<N> whole = attached(combined, untrained, optionsOfFirst(weights));
        topology.setListener(
                whole.model(),
                new RefusedTraining("Adapters " + names + " are active together, for use and not for training; activate"
                        + " one, or combine them under a name to train what they are together."));
        return whole;
    }

    private AdaptedNetwork<N> attached(Adapter values, LoraConfig config, NetworkOptions options) {
        AdaptedNetwork<N> adapted = AdaptedNetwork.attach(topology, base, config, options);
        adapted.assign(values);
        return adapted;
    }

    private NetworkOptions optionsOfFirst(Map<String, Double> weights) {
        return members.get(weights.keySet().iterator().next()).options();
    }

    private List<Weighted> weighted(Map<String, Double> weights) {
        List<Weighted> parts = new ArrayList<>();
        weights.forEach((name, weight) -> {
            AdaptedNetwork<N> adapted = adapted(name);
            parts.add(new Weighted(modules.byModule(name, adapted.adapter()), weight * adapted.scale()));
        });
        return parts;
    }
}
