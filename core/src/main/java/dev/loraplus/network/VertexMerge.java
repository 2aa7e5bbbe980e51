package dev.loraplus.network;

import dev.loraplus.math.LowRankDelta;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes one graph without {@link LoraPlusVertex}s out of one with them. */
final class VertexMerge {
    private final ComputationGraph graph;
    private final ComputationGraphConfiguration configuration;
    /** The layer that takes each branch in, by the vertex's name, in the order of the forward pass. */
    private final Map<String, String> layers = new LinkedHashMap<>();

    private VertexMerge(ComputationGraph graph) {
        this.graph = graph;
        configuration = graph.getConfiguration().clone();
        configuration.setIterationCount(graph.getConfiguration().getIterationCount());
        configuration.setEpochCount(graph.getConfiguration().getEpochCount());
    }

    static ComputationGraph merge(ComputationGraph graph) {
        VertexMerge merge = new VertexMerge(graph);
        merge.rewire();
        ComputationGraph merged = new ComputationGraph(merge.configuration);
        merged.init();
        merge.fill(merged.paramTable());
        return merged;
    }

    private void rewire() {
        List<String> problems = new ArrayList<>();
        for (int index : graph.topologicalSortOrder()) {
            String name = graph.getVertices()[index].getVertexName();
            if (LoraPlusVertex.in(configuration.getVertices().get(name)) != null) {
                String problem = problem(name);
                if (problem == null) {
                    remove(name);
                } else {
                    problems.add("'" + name + "' " + problem);
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("Cannot merge " + problems.size() + " LoraPlusVertex: "
                    + String.join("; ", problems) + ". Use the graph as it is, or rebuild it so that each branch goes"
                    + " around one DenseLayer with identity activation.");
        }
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("Cannot merge: the graph holds no LoraPlusVertex, but only "
                    + configuration.getVertices().keySet() + ".");
        }
    }

    /** Returns why the branch can't become part of the layer that gives z, or null. */
    private @Nullable String problem(String name) {
        List<String> inputs = inputs(name);
        String z = inputs.get(1);
        GraphVertex vertex = configuration.getVertices().get(z);
        if (!(vertex instanceof LayerVertex layerVertex)) {
            return "gets z from '" + z + "', which is no layer";
        }
        Layer layer = unfrozen(layerVertex.getLayerConf().getLayer());
        if (layer.getClass() != DenseLayer.class) {
            return "gets z from '" + z + "', a " + layer.getClass().getSimpleName() + " and no DenseLayer";
        }
        String wiring = wiringProblem(z, inputs.get(0), layerVertex);
        return wiring != null ? wiring : settingProblem(z, (DenseLayer) layer);
    }

    private @Nullable String wiringProblem(String z, String x, LayerVertex layer) {
        List<String> input = inputs(z);
        if (!input.equals(List.of(x))) {
            return "has x from '" + x + "', but its layer '" + z + "' has its input from " + input;
        }
        if (layer.getPreProcessor() != null) {
            return "has x as it is, but its layer '" + z + "' through a "
                    + layer.getPreProcessor().getClass().getSimpleName();
        }
        long uses = configuration.getVertexInputs().values().stream()
                .flatMap(List::stream)
                .filter(z::equals)
                .count();
        if (uses > 1 || configuration.getNetworkOutputs().contains(z)) {
            return "is not the only user of its layer '" + z + "', whose own output is needed too";
        }
        return null;
    }

    private static @Nullable String settingProblem(String z, DenseLayer layer) {
        if (!(layer.getActivationFn() instanceof ActivationIdentity)) {
            return "comes after the activation '" + layer.getActivationFn() + "' of its layer '" + z
                    + "', which must be identity";
        }
        return layer.hasLayerNorm() ? "comes after the layer normalization of its layer '" + z + "'" : null;
    }

    private List<String> inputs(String name) {
        return configuration.getVertexInputs().getOrDefault(name, List.of());
    }

    private static Layer unfrozen(Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return frozen.getLayer();
        }
        return layer instanceof FrozenLayerWithBackprop frozen ? frozen.getUnderlying() : layer;
    }

    private void remove(String name) {
        String z = inputs(name).get(1);
        layers.put(name, z);
        configuration.getVertices().remove(name);
        configuration.getVertexInputs().remove(name);
        configuration.getVertexInputs().values().forEach(inputs -> inputs.replaceAll(in -> in.equals(name) ? z : in));
        configuration.getNetworkOutputs().replaceAll(out -> out.equals(name) ? z : out);
    }

    private void fill(Map<String, INDArray> merged) {
        Map<String, INDArray> old = graph.paramTable();
        merged.forEach((key, values) -> values.assign(old.get(key)));
        layers.forEach((name, layer) -> {
            GraphVertex vertex = graph.getConfiguration().getVertices().get(name);
            double scaling = Objects.requireNonNull(LoraPlusVertex.in(vertex)).scaling();
            LowRankDelta.addTo(
                    value(merged, layer, DefaultParamInitializer.WEIGHT_KEY),
                    value(old, name, LoraPlusVertex.A),
                    value(old, name, LoraPlusVertex.B),
                    scaling,
                    false);
        });
    }

    private static INDArray value(Map<String, INDArray> table, String vertex, String parameter) {
        return Objects.requireNonNull(table.get(vertex + "_" + parameter));
    }
}
