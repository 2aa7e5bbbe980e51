package dev.loraplus.network;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.math.AdapterInit;
import dev.loraplus.optim.LoraPlusUpdater;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.learning.regularization.WeightDecay;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect.Visibility;
import org.nd4j.shade.jackson.databind.annotation.JsonDeserialize;
import org.nd4j.shade.jackson.databind.annotation.JsonPOJOBuilder;

/**
 * Adds a trained low-rank branch between any two activations of a {@link ComputationGraph}:
 *
 * <pre>out = z + (alpha / rank) &middot; (x &middot; A) &middot; B</pre>
 *
 * <p>Shapes: inputs in this order x {@code [b, nIn]} and z {@code [b, nOut]}, factors A {@code [nIn, r]} and B
 * {@code [r, nOut]}, output {@code [b, nOut]}; or, at every step of time alike, x {@code [b, nIn, t]}, z and output
 * {@code [b, nOut, t]}. The output has z's mask. One factor starts at zero, so that the graph starts as if the vertex
 * were not there.
 *
 * <pre>
 * graph.addLayer("dense", new DenseLayer.Builder().nOut(4).activation(Activation.IDENTITY).build(), "in")
 *      .addVertex("lora", new LoraPlusVertex.Builder().rank(2).updater(new Adam(1e-3)).build(), "in", "dense")
 *      .addLayer("out", .., "lora");
 * </pre>
 *
 * <p>A learns at the rate of the vertex's updater, B at lambda times that rate (arXiv 2402.12354 &sect;4). DL4J offers a
 * vertex less than a layer:
 *
 * <ul>
 *   <li>The updater, the weight decay and the rate are the vertex's own: {@code graph.setLearningRate(..)} reaches
 *       layers only, {@link #setLearningRate(ComputationGraph, double)} reaches both. The graph's gradient
 *       normalization does not act here, and {@code score()} leaves the weight decay out.
 *   <li>{@code graph.numParams()} counts layers only; {@code graph.params().length()} counts the factors too. They are
 *       in {@code graph.paramTable()} under the vertex's name and {@code loraA}, {@code loraB};
 *       {@code graph.getParam(..)} knows layers only.
 *   <li>{@code TransferLearning.GraphBuilder} copies the parameters of layers only when it adds or removes anything:
 *       copy a vertex's own by {@code next.getVertex(name).params().assign(old.getVertex(name).params())}.
 *   <li>DL4J's {@code FrozenLayer} lets no gradient through: where something before x or z is to learn, freeze with
 *       {@code FrozenLayerWithBackprop}.
 * </ul>
 *
 * <p>Like DL4J's configurations it is changed by {@link #getOutputType}, which fills in sizes that were left open, and
 * is not thread-safe.
 *
 * @since 0.1.0
 */
@JsonAutoDetect(
        fieldVisibility = Visibility.ANY,
        getterVisibility = Visibility.NONE,
        isGetterVisibility = Visibility.NONE,
        setterVisibility = Visibility.NONE)
@JsonDeserialize(builder = LoraPlusVertex.Builder.class)
public final class LoraPlusVertex extends GraphVertex {
    /** What A {@code [nIn, r]} is called in the parameter table. */
    public static final String A = "loraA";
    /** What B {@code [r, nOut]} is called in the parameter table. */
    public static final String B = "loraB";

    private static final long serialVersionUID = 1L;

    @Nullable
    private final String name;

    private long nIn;
    private long nOut;
    private final int rank;
    private final double alpha;
    private final double lambda;
    private final IUpdater updater;
    private final Initialization initialization;
    private final long seed;
    private final double weightDecay;

    private LoraPlusVertex(Builder values, LoraConfig config, IUpdater updater) {
        name = values.name;
        nIn = values.nIn;
        nOut = values.nOut;
        rank = config.rank();
        alpha = config.alpha();
        lambda = config.lambda();
        this.updater = updater.clone();
        initialization = config.initialization();
        seed = config.seed();
        weightDecay = values.weightDecay;
    }

    /**
     * Returns a new graph that computes the same without any such vertex: each branch is added into the weight of the
     * {@code DenseLayer} that gives its z, W + (alpha / rank) &middot; A &middot; B, rounded once, and what the vertex
     * fed is fed by that layer.
     *
     * <p>Possible where z comes straight from a DenseLayer (or a frozen one) with identity activation and without layer
     * normalization that has the same x for input and feeds nothing but the vertex; several vertices may follow each
     * other. Outputs of the graph that were a vertex are then the layer. Iteration and epoch counts, workspace modes and
     * all other parameters are kept; updater state and listeners start anew. The given graph is not changed.
     *
     * @throws IllegalArgumentException if the graph holds no such vertex, or for at least one merging is not possible;
     *     the message names each of those and says why
     */
    public static ComputationGraph merge(ComputationGraph graph) {
        return VertexMerge.merge(graph);
    }

    /**
     * Sets the learning rate of all layers, as {@link ComputationGraph#setLearningRate(double)}, and of all vertices of
     * this kind, in place of any schedule: A learns at this rate, B at lambda times it. Updater state is kept.
     *
     * @param rate the new rate; updaters without one are left as they are
     */
    public static void setLearningRate(ComputationGraph graph, double rate) {
        setRates(graph, rate, null);
        graph.setLearningRate(rate);
    }

    /**
     * Sets the schedule of the learning rate of all layers, as {@link ComputationGraph#setLearningRate(ISchedule)}, and
     * of all vertices of this kind: A learns by this schedule, B at lambda times it. Updater state is kept.
     *
     * @param schedule the new schedule; updaters without a rate are left as they are
     */
    public static void setLearningRate(ComputationGraph graph, ISchedule schedule) {
        setRates(graph, Double.NaN, schedule);
        graph.setLearningRate(schedule);
    }

    /** Changes the configurations; running updaters see it when the layers' turn rebuilds them all. */
    private static void setRates(ComputationGraph graph, double rate, @Nullable ISchedule schedule) {
        for (GraphVertex vertex : graph.getConfiguration().getVertices().values()) {
            if (vertex instanceof LoraPlusVertex ours && ours.updater.hasLearningRate()) {
                ours.updater.setLrAndSchedule(rate, schedule);
            }
        }
    }

    /** Returns the configuration that a graph's vertex is or, frozen, wraps; null if it is of another kind. */
    static @Nullable LoraPlusVertex in(@Nullable GraphVertex vertex) {
        GraphVertex inner = vertex instanceof FrozenVertex frozen ? frozen.getUnderlying() : vertex;
        return inner instanceof LoraPlusVertex ours ? ours : null;
    }

    /** Returns the size of x; 0 while it is open. */
    public long nIn() {
        return nIn;
    }

    /** Returns the size of z and of the output; 0 while it is open. */
    public long nOut() {
        return nOut;
    }

    /** Returns the inner width r of A {@code [nIn, r]} and B {@code [r, nOut]}. */
    public int rank() {
        return rank;
    }

    /** Returns the factor in front of the branch: alpha / rank. */
    public double scaling() {
        return alpha / rank;
    }

    /** Returns the updater of a parameter: the vertex's own for A, at lambda times its rate for B. */
    IUpdater updaterOf(String parameter) {
        return parameter.equals(B) && lambda != 1 ? new LoraPlusUpdater(updater, lambda) : updater;
    }

    /** Returns the decoupled decay of both parameters, which DL4J multiplies by each one's own rate. */
    List<Regularization> regularization() {
        return weightDecay == 0 ? List.of() : List.of(new WeightDecay(weightDecay, true));
    }

    Adapter.Factors startValues(String vertex, DataType type) {
        return AdapterInit.factors(initialization, vertex, nIn, rank, nOut, type, seed);
    }

    @Override
    public long numParams(boolean backprop) {
        if (nIn < 1 || nOut < 1) {
            throw new IllegalStateException(label() + " doesn't know its sizes yet, got nIn = " + nIn + " and nOut = "
                    + nOut + "; set both in its builder, or the graph's input types by setInputTypes(..).");
        }
        return rank * (nIn + nOut);
    }

    @Override
    public int minVertexInputs() {
        return 2;
    }

    @Override
    public int maxVertexInputs() {
        return 2;
    }

    /**
     * Makes the running vertex on its part of the graph's parameters, A before B, each column by column.
     *
     * @throws IllegalArgumentException if the vertex hasn't two inputs, or its builder gave it another name
     */
    @Override
    public org.deeplearning4j.nn.graph.vertex.GraphVertex instantiate(
            ComputationGraph graph, String vertex, int index, INDArray parameters, boolean initialize, DataType type) {
        if (name != null && !name.equals(vertex)) {
            throw new IllegalArgumentException(
                    label() + " is '" + vertex + "' in the graph; give its builder that name or none.");
        }
        List<String> inputs = graph.getConfiguration().getVertexInputs().getOrDefault(vertex, List.of());
        if (inputs.size() != 2) {
            throw new IllegalArgumentException(
                    "LoraPlusVertex '" + vertex + "' needs two inputs, x and z, got " + inputs + ".");
        }
        return new VertexRuntime(this, graph, vertex, index, parameters, initialize, type);
    }

    /**
     * Returns the type of z, which is the output's, and fills in nIn and nOut where they were left open.
     *
     * @throws org.deeplearning4j.nn.conf.inputs.InvalidInputTypeException if there are not two inputs, one is neither
     *     feed-forward nor recurrent in NCW format, only one is recurrent, their lengths in time differ, or a size is
     *     not the builder's
     */
    @Override
    public InputType getOutputType(int layerIndex, InputType... inputs) {
        VertexShapes.requireTypes(label(), inputs);
        nIn = VertexShapes.settle(label(), "x", nIn, inputs[0]);
        nOut = VertexShapes.settle(label(), "z", nOut, inputs[1]);
        return inputs[1];
    }

    @Override
    public MemoryReport getMemoryReport(InputType... inputs) {
        InputType output = getOutputType(-1, inputs);
        long parameters = numParams(true);
        long branch = output.arrayElementsPerExample() / nOut * rank;
        return new LayerMemoryReport.Builder(name, LoraPlusVertex.class, inputs[0], output)
                .standardMemory(parameters, updater.stateSize(parameters))
                .workingMemory(0, branch, 0, 2 * branch)
                .cacheMemory(0, 0)
                .build();
    }

    /** Returns a copy with an updater of its own. */
    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public LoraPlusVertex clone() {
        Builder copy = new Builder().nIn(nIn).nOut(nOut).rank(rank).alpha(alpha).lambda(lambda);
        return copy.name(name)
                .updater(updater)
                .initialization(initialization)
                .seed(seed)
                .weightDecay(weightDecay)
                .build();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoraPlusVertex that && fields().equals(that.fields());
    }

    @Override
    public int hashCode() {
        return fields().hashCode();
    }

    @Override
    public String toString() {
        return "LoraPlusVertex(name=" + name + ", nIn=" + nIn + ", nOut=" + nOut + ", rank=" + rank + ", alpha=" + alpha
                + ", lambda=" + lambda + ", updater=" + updater + ", initialization=" + initialization + ", seed="
                + seed + ", weightDecay=" + weightDecay + ")";
    }

    private List<@Nullable Object> fields() {
        return Arrays.asList(name, nIn, nOut, rank, alpha, lambda, updater, initialization, seed, weightDecay);
    }

    private String label() {
        return name == null ? "A LoraPlusVertex of rank " + rank : "LoraPlusVertex '" + name + "'";
    }

    /** Collects the values of a {@link LoraPlusVertex}; values are checked in {@link #build()}. Not thread-safe. */
    @JsonPOJOBuilder(withPrefix = "")
    public static final class Builder {
        private LoraConfig.Builder config = LoraConfig.builder();
        private @Nullable String name;
        private long nIn;
        private long nOut;
        private @Nullable IUpdater updater;
        private double weightDecay;

        /** Starts with every value at its default: {@link LoraConfig.Builder}'s where it has one. */
        public Builder() {}

        /** Sets the name for error messages before the graph is made: the vertex's own in the graph; default none. */
        public Builder name(@Nullable String value) {
            name = value;
            return this;
        }

        /** Sets the size of x: at least 1; default 0, taken from the graph's input types. */
        public Builder nIn(long value) {
            nIn = value;
            return this;
        }

        /** Sets the size of z and of the output: at least 1; default 0, taken from the graph's input types. */
        public Builder nOut(long value) {
            nOut = value;
            return this;
        }

        /** Sets the inner width r: at least 1, default 8. */
        public Builder rank(int value) {
            config = config.rank(value);
            return this;
        }

        /** Sets alpha, the numerator of the factor in front of the branch: finite and above 0, default 16. */
        public Builder alpha(double value) {
            config = config.alpha(value);
            return this;
        }

        /** Sets how many times A's learning rate B's is: finite and above 0, default 16; 1 is plain LoRA. */
        public Builder lambda(double value) {
            config = config.lambda(value);
            return this;
        }

        /** Sets the updater, whose rate is A's; copied. There is no default: a vertex does not inherit the graph's. */
        public Builder updater(IUpdater value) {
            updater = value;
            return this;
        }

        /** Sets where the factors start, not from a weight; default {@link Initialization#A_RANDOM_B_ZERO}. */
        public Builder initialization(Initialization value) {
            config = config.initialization(value);
            return this;
        }

        /** Sets the seed that, with the vertex's name, decides the start values; default 0. */
        public Builder seed(long value) {
            config = config.seed(value);
            return this;
        }

        /**
         * Sets the decoupled weight decay of both factors: finite and at least 0, default 0. A step takes rate &middot;
         * decay &middot; parameter off each, with that parameter's own rate.
         */
        public Builder weightDecay(double value) {
            weightDecay = value;
            return this;
        }

        /**
         * Checks every value and returns the configuration.
         *
         * @throws IllegalArgumentException if a value lies outside its range, the initialization needs a weight, there is
         *     no updater, or lambda is not 1 and the updater has no learning rate
         */
        public LoraPlusVertex build() {
            LoraConfig checked = config.build();
            NewLayer.requireOwnStart("A LoraPlusVertex", checked);
            if (updater == null) {
                throw new IllegalArgumentException("A LoraPlusVertex needs an updater of its own, got none; set one by"
                        + " updater(..), for example Adam.");
            }
            if (nIn < 0 || nOut < 0) {
                throw new IllegalArgumentException("nIn and nOut must be at least 1, or 0 to be taken from the input"
                        + " types, got " + nIn + " and " + nOut + ".");
            }
            if (!(weightDecay >= 0) || Double.isInfinite(weightDecay)) {
                throw new IllegalArgumentException(
                        "weightDecay must be finite and at least 0, got " + weightDecay + ".");
            }
            LoraPlusVertex vertex = new LoraPlusVertex(this, checked, updater);
            vertex.updaterOf(B); // refuses an updater without a rate that lambda could multiply
            return vertex;
        }
    }
}
