package dev.loraplus.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reads and rebuilds a {@link ComputationGraph}; its layers are named by their vertices. */
final class GraphTopology implements Topology<ComputationGraph> {
    static final GraphTopology INSTANCE = new GraphTopology();

    private GraphTopology() {}

    @Override
    public boolean isInitialized(ComputationGraph network) {
        return network.getLayers() != null;
    }

    @Override
    public DataType dataType(ComputationGraph network) {
        return network.getConfiguration().getDataType();
    }

    @Override
    public INDArray params(ComputationGraph network) {
        return network.params();
    }

    @Override
    public int iteration(ComputationGraph network) {
        return network.getConfiguration().getIterationCount();
    }

    @Override
    public String summary(ComputationGraph network) {
        return network.summary();
    }

    @Override
    public int epoch(ComputationGraph network) {
        return network.getConfiguration().getEpochCount();
    }

    @Override
    public List<Site> sites(ComputationGraph network) {
        List<Site> sites = new ArrayList<>();
        for (int position : network.topologicalSortOrder()) {
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = network.getVertices()[position];
            String name = vertex.getVertexName();
            if (network.getConfiguration().getVertices().get(name) instanceof LayerVertex conf) {
                sites.add(Site.of(name, sites.size(), conf.getLayerConf().getLayer(), vertex.getLayer()));
            }
        }
        return sites;
    }

    @Override
    public List<String> strangers(ComputationGraph network) {
        List<String> strangers = new ArrayList<>();
        network.getConfiguration().getVertices().forEach((name, vertex) -> {
            if (!(vertex instanceof LayerVertex) && vertex.numParams(false) > 0) {
                strangers.add("'" + name + "' (" + vertex.getClass().getSimpleName() + ")");
            }
        });
        return strangers;
    }

    @Override
    public ComputationGraph rebuild(
            ComputationGraph network,
            BiFunction<String, Layer, Layer> change,
            int iteration,
            int epoch,
            @Nullable INDArray params) {
        ComputationGraphConfiguration conf = network.getConfiguration().clone();
        for (Map.Entry<String, GraphVertex> entry : conf.getVertices().entrySet()) {
            if (entry.getValue() instanceof LayerVertex vertex) {
                NeuralNetConfiguration layer = vertex.getLayerConf();
                layer.setLayer(
                        named(entry.getKey(), change.apply(entry.getKey(), LayerConfs.visible(layer.getLayer()))));
                layer.clearVariables();
            }
        }
        conf.setIterationCount(iteration);
        conf.setEpochCount(epoch);
        ComputationGraph rebuilt = new ComputationGraph(conf);
        rebuilt.init(params, false);
        return rebuilt;
    }

    @Override
    public void setListener(ComputationGraph network, TrainingListener listener) {
        network.setListeners(listener);
    }

    /** Names a layer as its vertex, by which graphs find it; it differs in a network that became a graph. */
    private static Layer named(String vertex, Layer layer) {
        if (!vertex.equals(layer.getLayerName())) {
            layer.setLayerName(vertex);
        }
        return layer;
    }
}
