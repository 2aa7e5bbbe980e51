package dev.loraplus.samediff;

import dev.loraplus.AdaptedModel;
import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.AdapterReport;
import dev.loraplus.LoraConfig;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.optim.GroupSettings;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The live handle on a SameDiff graph with an adapter attached; the graph itself is changed in place.
 *
 * <p>While attached, the graph holds, for each use of each target, the operations of
 * y = x&middot;W + ((x&middot;A)&middot;scaling)&middot;B, standard ones only, and everything but the adapter is a constant:
 * it saves, loads, runs and evaluates with stock SameDiff on every backend. Outputs, losses and consumers keep their
 * names. The graph's TrainingConfig and updater state are never touched. Not thread-safe.
 *
 * @since 0.1.0
 */
public final class AdaptedGraph implements AdaptedModel<SameDiff> {
    private enum State {
        ATTACHED,
        MERGED,
        DETACHED
    }

    private final SameDiff graph;
    private final LoraConfig config;
    private final GraphPlan plan;
    private final Map<String, Factors> factors = new LinkedHashMap<>();
    private final BaseChanges changes;
    private final Map<String, String> provenance = new LinkedHashMap<>();
    private final Map<String, INDArray> weightOriginals = new LinkedHashMap<>();
    private State state = State.ATTACHED;
    private boolean baseKept = true;
    private int disabled;
    private double scale = 1;
    private Freeze freeze;
    private GraphEdit branches;

    private AdaptedGraph(SameDiff graph, LoraConfig config, GraphPlan plan, StartValues start) {
        this.graph = graph;
        this.config = config;
        this.plan = plan;
        start.factors().forEach((name, pair) -> factors.put(name, owned(pair)));
        changes = BaseChanges.of(graph, plan.saved().keySet(), start.bases());
        freeze = Freeze.allBut(graph, plan.saved().keySet());
        branches = Branches.insert(graph, plan, factors, config::scalingOf);
    }

    /**
     * Attaches a new adapter to a graph, in place; the adapted graph first computes exactly what the graph did.
     *
     * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing
     * @throws IllegalArgumentException if a target can't be adapted, or an option has no effect; the graph is unchanged
     */
    public static AdaptedGraph attach(SameDiff graph, LoraConfig config) {
        GraphPlan plan = GraphPlan.strict(graph, config);
        return new AdaptedGraph(graph, config, plan, StartValues.of(graph, plan, config));
    }

    /**
     * Attaches an adapter read from a PEFT folder, in place.
     *
     * @param anyBase whether to load it even if it was trained on another base
     * @param change changes lambda, headRate, dropout or seed
     * @throws IOException if the folder can't be read, holds tensors that don't fit the graph, or was trained on
     *     another base and {@code anyBase} is false; the graph is unchanged
     */
    public static AdaptedGraph load(
            SameDiff graph, Path folder, boolean anyBase, UnaryOperator<LoraConfig.Builder> change) throws IOException {
        return GraphLoading.load(graph, PeftAdapterFile.open(folder), folder, anyBase, change);
    }

    static AdaptedGraph restored(SameDiff graph, GraphPlan plan, LoraConfig config, Adapter adapter) {
        Map<String, Factors> factors = new LinkedHashMap<>();
        for (AdaptableWeight weight : plan.targets()) {
            Factors read = Objects.requireNonNull(adapter.factors().get(weight.name()));
            factors.put(weight.name(), cast(read, weight.dataType()));
        }
        StartValues start = new StartValues(factors, StartValues.bases(graph, plan, config));
        AdaptedGraph adapted = new AdaptedGraph(graph, config, plan, start);
        adapter.saved()
                .forEach((name, saved) -> graph.getVariable(name).getArr().assign(saved.value()));
        adapted.provenance.putAll(adapter.provenance());
        return adapted;
    }

    /** Returns the graph that the adapter is attached to. */
    public SameDiff graph() {
        return graph;
    }

    @Override
    public SameDiff model() {
        return graph;
    }

    @Override
    public LoraConfig config() {
        return config;
    }

    @Override
    public Adapter adapter() {
        require(state != State.DETACHED, "read the adapter of", "it is detached");
        require(disabled == 0, "read the adapter of", "it is disabled; close the handle of disable() first");
        Map<String, String> facts = new LinkedHashMap<>(provenance);
        facts.put("base", baseFingerprint());
        return new Adapter(config, factors, saved(), facts);
    }

    /** Notes a fact about the adapter's making, for example {@code eta}; it goes to the file's metadata. */
    public void note(String key, String value) {
        provenance.put(key, value);
    }

    @Override
    public void save(Path folder) throws IOException {
        PeftAdapterFile.write(folder, adapter(), plan.layouts());
    }

    /**
     * Adds scaling &middot; A &middot; B to each weight, in place, and takes the adapter out of the graph, which is then
     * a plain one; keeps the originals, so that {@link #unmerge()} can bring them back.
     *
     * @return the same graph
     * @throws IllegalStateException if the graph is merged, disabled or detached
     * @throws ArithmeticException if a merged weight would not be finite; nothing is changed then
     */
    @Override
    public SameDiff merge() {
        return merge(true);
    }

    /**
     * Merges as {@link #merge()}, and drops the originals if {@code keepBase} is false, so that it can't be undone.
     *
     * @return the same graph
     * @throws IllegalStateException if the graph is merged, disabled or detached
     * @throws ArithmeticException if a merged weight would not be finite; nothing is changed then
     */
    public SameDiff merge(boolean keepBase) {
        requireActive("merge");
        Map<String, INDArray> merged = new GraphMerge(graph, plan, this::scalingOf).merged(factors);
        branches.undo();
        freeze.undo();
        merged.forEach((name, value) -> {
            INDArray weight = graph.getVariable(name).getArr();
            if (keepBase) {
                weightOriginals.put(name, weight.dup());
            }
            weight.assign(value);
        });
        baseKept = keepBase;
        state = State.MERGED;
        return graph;
    }

    /**
     * Restores the original weights bit for bit, in place, and attaches the adapter again.
     *
     * @return the same graph
     * @throws IllegalStateException if the graph is not merged, or was merged without keeping its base
     */
    @Override
    public SameDiff unmerge() {
        require(state == State.MERGED, "unmerge", "it is not merged; call merge() first");
        require(baseKept, "unmerge", "it was merged without keeping its base; merge(true) keeps it");
        restoreWeights();
        freeze = Freeze.allBut(graph, plan.saved().keySet());
        branches = inserted();
        state = State.ATTACHED;
        return graph;
    }

    /** Returns whether the adapter is merged into the weights. */
    public boolean isMerged() {
        return state == State.MERGED;
    }

    @Override
    public Disabled disable() {
        require(state == State.ATTACHED, "disable", "it is " + (isMerged() ? "merged" : "detached"));
        if (disabled++ == 0) {
            branches.undo();
            changes.swap();
        }
        return new Disabled() {
            private boolean closed;

            @Override
            public void close() {
                if (!closed) {
                    closed = true;
                    if (--disabled == 0) {
                        changes.swap();
                        branches = inserted();
                    }
                }
            }
        };
    }

    /**
     * Takes the adapter off, in place, and leaves the graph exactly as it was before it was attached.
     *
     * @return the same graph
     * @throws IllegalStateException if the graph is disabled or detached, or was merged without keeping its base
     */
    @Override
    public SameDiff detach() {
        require(disabled == 0, "detach", "it is disabled; close the handle of disable() first");
        require(state != State.DETACHED, "detach", "it is detached already");
        require(state != State.MERGED || baseKept, "detach", "it was merged without keeping its base");
        if (state == State.MERGED) {
            restoreWeights();
        } else {
            branches.undo();
            freeze.undo();
        }
        changes.undo();
        state = State.DETACHED;
        return graph;
    }

    /** Returns every trainable parameter with what it is: factors first, then modules to save. */
    public List<TrainedParameter> parameters() {
        List<TrainedParameter> parameters = new ArrayList<>();
        for (AdaptableWeight weight : plan.targets()) {
            parameters.addAll(weight.parameters(factorsOf(weight.name())));
        }
        for (SavedVariable saved : plan.saved().values()) {
            long[] shape = graph.getVariable(saved.name()).getArr().shape();
            parameters.add(new TrainedParameter(saved.name(), shape, saved.kind()));
        }
        return List.copyOf(parameters);
    }

    /** Returns the rates of all parameters as the configuration says, its lambda patterns included. */
    GroupSettings rates(double eta) {
        Map<String, Double> lambdas = new HashMap<>();
        plan.targets().forEach(weight -> weight.parameters(factorsOf(weight.name()))
                .forEach(parameter -> lambdas.put(parameter.name(), config.lambdaOf(weight.name()))));
        return GroupSettings.of(eta, config.lambda())
                .withLambda(parameter -> lambdas.getOrDefault(parameter.name(), config.lambda()))
                .withHeadRate(config.headRate())
                .withEmbeddingRate(config.embeddingRate());
    }

    /** Returns the adapted weights' uses by name of the weight. */
    public Map<String, List<WeightUse>> uses() {
        Map<String, List<WeightUse>> uses = new LinkedHashMap<>();
        plan.targets().forEach(weight -> uses.put(weight.name(), weight.uses()));
        return uses;
    }

    /** Returns the SHA-256 of the frozen base: all floating-point weights as they were before attaching. */
    public String baseFingerprint() {
        Map<String, INDArray> base = baseWeights(graph, plan.saved().keySet(), adapterNames());
        weightOriginals.forEach(base::replace);
        changes.originalWeights().forEach(base::replace);
        return BaseFingerprint.of(base);
    }

    static Map<String, INDArray> baseWeights(SameDiff graph, Set<String> saved, Set<String> adapter) {
        Map<String, INDArray> base = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (Graphs.isStored(variable)
                    && variable.dataType().isFPType()
                    && !saved.contains(variable.name())
                    && !adapter.contains(variable.name())) {
                base.put(variable.name(), variable.getArr());
            }
        }
        return base;
    }

    @Override
    public AdapterReport describe() {
        Map<String, INDArray> base = baseWeights(graph, plan.saved().keySet(), adapterNames());
        weightOriginals.forEach(base::replace);
        Map<String, INDArray> frozen = new LinkedHashMap<>(base);
        changes.frozenWeights().forEach(frozen::replace);
        changes.originalWeights().forEach(base::replace);
        return new GraphReport(graph, config, scale, plan.targets(), factors, base, frozen).of(parameters());
    }

    /**
     * Multiplies the scaling of all weights as the configuration gives it, until it is set again (PEFT:
     * {@code set_scale}): 0 leaves the factors without effect, 1 is the configuration's own. Merging takes the scale
     * along, files don't hold it. A trainer that was made before keeps the scale of before; make a new one.
     *
     * @param factor any finite number
     * @throws IllegalArgumentException if it is not finite
     * @throws IllegalStateException if the graph is merged, disabled or detached
     */
    public void setScale(double factor) {
        if (!Double.isFinite(factor)) {
            throw new IllegalArgumentException("The scale of an adapter must be finite, got " + factor + ".");
        }
        requireActive("scale");
        if (factor != scale) {
            scale = factor;
            branches.undo();
            branches = inserted();
        }
    }

    /** Returns what the scaling of all weights is multiplied by. */
    public double scale() {
        return scale;
    }

    /** Returns a copy of the adapter that stays as it is; without the base's fingerprint, which takes time. */
    Adapter snapshot() {
        require(state != State.DETACHED, "read the adapter of", "it is detached");
        require(disabled == 0, "read the adapter of", "it is disabled; close the handle of disable() first");
        return new Adapter(config, factors, saved(), provenance).copy();
    }

    GraphPlan plan() {
        return plan;
    }

    INDArray value(String parameter) {
        return graph.getVariable(parameter).getArr();
    }

    void requireActive(String action) {
        require(disabled == 0, action, "it is disabled; close the handle of disable() first");
        require(state == State.ATTACHED, action, isMerged() ? "it is merged; call unmerge() first" : "it is detached");
    }

    private Set<String> adapterNames() {
        Set<String> names = new LinkedHashSet<>();
        factors.forEach((name, pair) -> names.addAll(Branches.names(name, pair)));
        return names;
    }

    private GraphEdit inserted() {
        return Branches.insert(graph, plan, factors, this::scalingOf);
    }

    private double scalingOf(String weight) {
        return scale * config.scalingOf(weight);
    }

    private Map<String, Saved> saved() {
        Map<String, Saved> saved = new LinkedHashMap<>();
        plan.saved()
                .forEach((name, variable) -> saved.put(
                        name, new Saved(graph.getVariable(name).getArr(), variable.transposed(), variable.biasOf())));
        return saved;
    }

    private Factors factorsOf(String weight) {
        return Objects.requireNonNull(factors.get(weight));
    }

    private static Factors cast(Factors read, DataType type) {
        return new Factors(
                read.a().castTo(type),
                read.b().castTo(type),
                read.bias() == null ? null : read.bias().castTo(type),
                read.magnitude() == null ? null : read.magnitude().castTo(type));
    }

    private static Factors owned(Factors pair) {
        return new Factors(
                owned(pair.a()),
                owned(pair.b()),
                pair.bias() == null ? null : owned(pair.bias()),
                pair.magnitude() == null ? null : owned(pair.magnitude()));
    }

    /** A graph keeps a copy of an array that is a view, so the factors must not be views to be the graph's own. */
    private static INDArray owned(INDArray array) {
        return array.isView() ? array.dup('c') : array;
    }

    private void restoreWeights() {
        weightOriginals.forEach(
                (name, value) -> graph.getVariable(name).getArr().assign(value));
        weightOriginals.clear();
    }

    private static void require(boolean condition, String action, String reason) {
        if (!condition) {
            throw new IllegalStateException("Cannot " + action + " the adapted graph: " + reason + ".");
        }
    }
}
