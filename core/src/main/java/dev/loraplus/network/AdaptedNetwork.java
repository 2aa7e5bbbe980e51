package dev.loraplus.network;

import dev.loraplus.AdaptedModel;
import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.AdapterReport;
import dev.loraplus.LoraConfig;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.io.AdapterLoading;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.optim.TrainedParameter;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The live handle on a {@link MultiLayerNetwork} or {@link ComputationGraph} with an adapter.
 *
 * <p>The adapted network is one of its own, with the names, preprocessors, inputs and outputs of the base, whose layers
 * are {@link LoraLayer}s that share the base's weights; it trains, evaluates, copies and serializes with DL4J's own
 * tools. {@code params()} holds what is trained and nothing else, unless the storage is {@link Storage#EMBEDDED}, or the
 * factors start from the weights: what is taken out of these for that, by PiSSA or OLoRA, is kept there too.
 * The base is never changed, and must not be: its weights are the adapter's too. Not thread-safe.
 *
 * @param <N> {@link MultiLayerNetwork} or {@link ComputationGraph}
 * @since 0.1.0
 */
public final class AdaptedNetwork<N> implements AdaptedModel<N> {
    private final Topology<N> topology;
    private final N network;
    private final LoraConfig config;
    private final Map<String, INDArray> bases;
    private final Map<String, String> provenance = new LinkedHashMap<>();
    private @Nullable INDArray stash;
    private double stashedScale;
    private int disabled;

    private AdaptedNetwork(Topology<N> topology, N network, LoraConfig config) {
        this.topology = topology;
        this.network = network;
        this.config = config;
        this.bases = NetworkBases.of(topology.sites(network));
    }

    /**
     * Attaches a new adapter to a network; the adapted one first computes exactly what the base does.
     *
     * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing
     * @throws IllegalArgumentException if the network can't be adapted as the configuration says; the message says why
     */
    public static AdaptedNetwork<MultiLayerNetwork> attach(
            MultiLayerNetwork base, LoraConfig config, NetworkOptions options) {
        return attach(MultiLayerTopology.INSTANCE, base, config, options);
    }

    /**
     * Attaches a new adapter to a graph; the adapted one first computes exactly what the base does.
     *
     * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing
     * @throws IllegalArgumentException if the graph can't be adapted as the configuration says; the message says why
     */
    public static AdaptedNetwork<ComputationGraph> attach(
            ComputationGraph base, LoraConfig config, NetworkOptions options) {
        return attach(GraphTopology.INSTANCE, base, config, options);
    }

    /**
     * Returns the handle of a network that holds an adapter.
     *
     * @throws IllegalArgumentException if it is not initialized or holds none
     */
    public static AdaptedNetwork<MultiLayerNetwork> of(MultiLayerNetwork adapted) {
        return of(MultiLayerTopology.INSTANCE, adapted);
    }

    /**
     * Returns the handle of a graph that holds an adapter.
     *
     * @throws IllegalArgumentException if it is not initialized or holds none
     */
    public static AdaptedNetwork<ComputationGraph> of(ComputationGraph adapted) {
        return of(GraphTopology.INSTANCE, adapted);
    }

    /**
     * Attaches an adapter read from a PEFT folder to a network, which is not changed.
     *
     * @param anyBase whether to load it even if it was trained on another base
     * @param change changes lambda, headRate, dropout or seed
     * @throws IOException if the folder can't be read, does not fit the network, or was trained on another base and
     *     {@code anyBase} is false
     * @throws IllegalArgumentException if rank, alpha, targets or modules to save are changed, or the network can't be
     *     adapted as the file says
     */
    public static AdaptedNetwork<MultiLayerNetwork> load(
            MultiLayerNetwork base,
            Path folder,
            boolean anyBase,
            UnaryOperator<LoraConfig.Builder> change,
            NetworkOptions options)
            throws IOException {
        return load(MultiLayerTopology.INSTANCE, base, folder, anyBase, change, options);
    }

    /**
     * Attaches an adapter read from a PEFT folder to a graph, which is not changed.
     *
     * @param anyBase whether to load it even if it was trained on another base
     * @param change changes lambda, headRate, dropout or seed
     * @throws IOException if the folder can't be read, does not fit the graph, or was trained on another base and
     *     {@code anyBase} is false
     * @throws IllegalArgumentException if rank, alpha, targets or modules to save are changed, or the graph can't be
     *     adapted as the file says
     */
    public static AdaptedNetwork<ComputationGraph> load(
            ComputationGraph base,
            Path folder,
            boolean anyBase,
            UnaryOperator<LoraConfig.Builder> change,
            NetworkOptions options)
            throws IOException {
        return load(GraphTopology.INSTANCE, base, folder, anyBase, change, options);
    }

    static <N> AdaptedNetwork<N> load(
            Topology<N> topology,
            N base,
            Path folder,
            boolean anyBase,
            UnaryOperator<LoraConfig.Builder> change,
            NetworkOptions options)
            throws IOException {
        PeftAdapterFile file = PeftAdapterFile.open(folder);
        LoraConfig config = AdapterLoading.config(file, change);
        try {
            NetworkPlan plan = NetworkPlan.of(topology, base, config, options);
            Adapter read = NetworkFiles.bind(plan, file);
            AdaptedNetwork<N> adapted = attach(topology, base, config, options, plan);
            NetworkFiles.fill(topology.sites(adapted.network), file, read, folder, anyBase);
            adapted.provenance.putAll(read.provenance());
            return adapted;
        } catch (NoMatchingTargetException e) {
            throw new IOException("The adapter in " + folder + " does not fit the network: " + e.getMessage(), e);
        }
    }

    static <N> AdaptedNetwork<N> attach(Topology<N> topology, N base, LoraConfig config, NetworkOptions options) {
        return attach(topology, base, config, options, NetworkPlan.of(topology, base, config, options));
    }

    private static <N> AdaptedNetwork<N> attach(
            Topology<N> topology, N base, LoraConfig config, NetworkOptions options, NetworkPlan plan) {
        try {
            Map<String, LoraLayer> wrapped =
                    new LayerWrapping(config, options, plan, topology.iteration(base), topology.epoch(base)).wrap();
            N network = topology.rebuild(
                    base, (name, layer) -> Objects.requireNonNullElse(wrapped.get(name), layer), 0, 0, null);
            return new AdaptedNetwork<>(topology, network, config);
        } finally {
            // the store of weights holds them weakly, and the caller may have kept no reference
            Reference.reachabilityFence(base);
        }
    }

    private static <N> AdaptedNetwork<N> of(Topology<N> topology, N network) {
        topology.requireInitialized(network);
        return new AdaptedNetwork<>(topology, network, NetworkConfigs.of(topology.sites(network)));
    }

    @Override
    public N model() {
        return network;
    }

    @Override
    public LoraConfig config() {
        return config;
    }

    @Override
    public Adapter adapter() {
        requireEnabled("read the adapter of");
        Map<String, Factors> factors = new LinkedHashMap<>();
        Map<String, Saved> saved = new LinkedHashMap<>();
        for (Site site : topology.sites(network)) {
            if (site.runtime() instanceof AdapterLayer layer) {
                layer.parameters().factors().forEach((key, pair) -> factors.put(site.name() + "." + key, pair));
                layer.parameters()
                        .biases()
                        .forEach((key, bias) -> saved.put(site.name() + "." + key, new Saved(bias, false)));
            } else if (isTrained(site)) {
                Map<String, INDArray> live = site.runtime().paramTable();
                for (FileParameter parameter : NetworkFiles.parameters(site)) {
                    INDArray array = Objects.requireNonNull(live.get(parameter.key()));
                    saved.put(
                            site.name() + "." + parameter.key(),
                            new Saved(array, parameter.slot().transposed()));
                }
            }
        }
        Map<String, String> facts = new LinkedHashMap<>(provenance);
        facts.put("base", NetworkBases.fingerprint(topology.sites(network)));
        return new Adapter(config, factors, saved, facts);
    }

    /** Notes a fact about the adapter's making, for example {@code eta}; it goes to the file's metadata. */
    public void note(String key, String value) {
        provenance.put(key, value);
    }

    /**
     * Gives the adapter the values of another one of the same weights, ranks and modules to save: a copy that
     * {@link Adapter#copy()} took of {@link #adapter()} before, or a combination of such. Where configured scalings
     * differ, A takes their quotient, so that the network computes as with the other adapter; {@link #scale()} stays.
     * {@link NamedNetworks} keeps several adapters, of any shapes.
     *
     * @throws IllegalArgumentException if weights, variables or shapes differ, or factors start from other weights;
     *     nothing is changed then
     * @throws IllegalStateException if the network is disabled
     */
    public void assign(Adapter values) {
        Map<String, Double> quotients = new LinkedHashMap<>();
        for (Site site : topology.sites(network)) {
            if (site.runtime() instanceof AdapterLayer layer) {
                layer.parameters().factors().keySet().forEach(key -> {
                    double scaling = values.config().scalingOf(FileParameter.module(site, key));
                    quotients.put(
                            site.name() + "." + key,
                            scaling / layer.parameters().adapted(key).scaling());
                });
            }
        }
        new FactorExchange(adapter(), values, quotients).assign();
    }

    /**
     * Multiplies the scaling of all weights as the configuration gives it, until it is set again (PEFT:
     * {@code set_scale}): 0 leaves the factors without effect, 1 is the configuration's own, bit for bit. Outputs,
     * gradients, {@link #merge()}, clones and what DL4J writes take the scale along, adapter files don't hold it.
     *
     * @param factor any finite number
     * @throws IllegalArgumentException if it is not finite
     * @throws IllegalStateException if the network is disabled
     */
    public void setScale(double factor) {
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException("The scale of an adapter must be finite, got " + factor + ".");
        }
        requireEnabled("scale");
        applyScale(factor);
    }

    /** Returns what the scaling of all weights is multiplied by. */
    public double scale() {
        return NetworkConfigs.first(topology.sites(network)).scale();
    }

    @Override
    public void save(Path folder) throws IOException {
        NetworkFiles.write(folder, topology.sites(network), adapter());
    }

    /**
     * Returns a new plain network whose weights are W + scaling &middot; A &middot; B and the trained modules, with the
     * base's own layers and configuration, iteration and epoch counts included; the adapted network stays as it is.
     *
     * @throws IllegalStateException if the network is disabled, or base weights are no longer in memory
     * @throws ArithmeticException if a merged weight would not be finite
     */
    @Override
    public N merge() {
        requireEnabled("merge");
        return new PlainNetworks<>(topology, network).merged();
    }

    /** Returns the adapted network, which merging does not change. */
    @Override
    public N unmerge() {
        return network;
    }

    /**
     * Makes the adapted network compute as its base does, until the returned handle is closed: its factors are set to
     * zero, or to what was taken out of the weights for them, its scale to 1, and its trained modules to the base's
     * values, and {@code params()} shows that. Re-entrant.
     *
     * @throws IllegalStateException if base weights of trained modules are no longer in memory
     */
    @Override
    public Disabled disable() {
        if (disabled == 0) {
            Map<Site, INDArray> trained = new LinkedHashMap<>();
            topology.sites(network).stream()
                    .filter(site -> isTrained(site) && !isPlain(site))
                    .forEach(site -> trained.put(site, base(site)));
            stash = topology.params(network).dup();
            stashedScale = scale();
            applyScale(1);
            topology.sites(network).forEach(AdaptedNetwork::clearFactors);
            trained.forEach(PlainNetworks::fill);
        }
        disabled++;
        return new Disabled() {
            private boolean closed;

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    enable();
                }
            }
        };
    }

    /**
     * Returns a new plain network equal to the base, in weights and configuration; the adapted one stays as it is.
     * Layers that the adapted network got later, by TransferLearning, stay in it.
     *
     * @throws IllegalStateException if the network is disabled, or base weights are no longer in memory
     */
    @Override
    public N detach() {
        requireEnabled("detach");
        return new PlainNetworks<>(topology, network).base(this::base);
    }

    /** Returns every trained parameter with what it is, by {@code <layer>.<parameter>}, in the order of the layers. */
    public List<TrainedParameter> parameters() {
        List<TrainedParameter> parameters = new ArrayList<>();
        topology.sites(network).forEach(site -> parameters.addAll(NetworkDescription.parameters(site)));
        return List.copyOf(parameters);
    }

    /**
     * Returns DL4J's {@code summary()}, which has no place for rates, and after it {@link #describe()}, which prints the
     * learning rate of every trained parameter.
     */
    public String summary() {
        return topology.summary(network) + describe();
    }

    @Override
    public AdapterReport describe() {
        return new NetworkDescription(
                        topology.sites(network),
                        topology.dataType(network),
                        topology.iteration(network),
                        topology.epoch(network))
                .report();
    }

    static boolean isTrained(Site site) {
        return site.conf() instanceof LoraLayer lora ? lora.spec().mode() == LayerMode.TRAINED : isPlain(site);
    }

    /** Returns whether a layer, as one that TransferLearning added, is none of ours and has parameters. */
    static boolean isPlain(Site site) {
        return !(site.conf() instanceof LoraLayer) && site.runtime().numParams() > 0;
    }

    private void enable() {
        if (--disabled == 0 && stash != null) {
            topology.params(network).assign(stash);
            applyScale(stashedScale);
            stash = null;
        }
    }

    private void applyScale(double factor) {
        for (Site site : topology.sites(network)) {
            if (site.conf() instanceof LoraLayer lora) {
                lora.setScale(factor);
            }
        }
    }

    private INDArray base(Site site) {
        INDArray known = bases.get(site.name());
        return known != null ? known : NetworkBases.require(site);
    }

    private static void clearFactors(Site site) {
        if (site.runtime() instanceof AdapterLayer layer) {
            layer.parameters().clear();
        }
    }

    private void requireEnabled(String action) {
        if (disabled > 0) {
            throw new IllegalStateException(
                    "Cannot " + action + " the adapted network: it is disabled; close the handle of disable() first.");
        }
    }
}
