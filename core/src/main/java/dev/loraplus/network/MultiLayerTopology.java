package dev.loraplus.network;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Reads and rebuilds a {@link MultiLayerNetwork}. */
final class MultiLayerTopology implements Topology<MultiLayerNetwork> {
    static final MultiLayerTopology INSTANCE = new MultiLayerTopology();

    private MultiLayerTopology() {}

    @Override
    public boolean isInitialized(MultiLayerNetwork network) {
        return network.isInitCalled();
    }

    @Override
    public DataType dataType(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getDataType();
    }

    @Override
    public INDArray params(MultiLayerNetwork network) {
        return network.params();
    }

    @Override
    public int iteration(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getIterationCount();
    }

    @Override
    public String summary(MultiLayerNetwork network) {
        return network.summary();
    }

    @Override
    public int epoch(MultiLayerNetwork network) {
        return network.getLayerWiseConfigurations().getEpochCount();
    }

    @Override
    public List<Site> sites(MultiLayerNetwork network) {
        List<NeuralNetConfiguration> confs =
                network.getLayerWiseConfigurations().getConfs();
        List<String> names = names(confs);
        List<Site> sites = new ArrayList<>();
        for (int i = 0; i < confs.size(); i++) {
            sites.add(Site.of(names.get(i), i, confs.get(i).getLayer(), network.getLayer(i)));
        }
        return sites;
    }

    @Override
    public List<String> strangers(MultiLayerNetwork network) {
        return List.of();
    }

    @Override
    public MultiLayerNetwork rebuild(
            MultiLayerNetwork network,
            BiFunction<String, Layer, Layer> change,
            int iteration,
            int epoch,
            @Nullable INDArray params) {
        MultiLayerConfiguration conf = network.getLayerWiseConfigurations().clone();
        List<String> names = names(conf.getConfs());
        for (int i = 0; i < names.size(); i++) {
            NeuralNetConfiguration layer = conf.getConf(i);
            layer.setLayer(change.apply(names.get(i), LayerConfs.visible(layer.getLayer())));
            layer.clearVariables();
        }
        conf.setIterationCount(iteration);
        conf.setEpochCount(epoch);
        MultiLayerNetwork rebuilt = new MultiLayerNetwork(conf);
        rebuilt.init(params, false);
        return rebuilt;
    }

    @Override
    public void setListener(MultiLayerNetwork network, TrainingListener listener) {
        network.setListeners(listener);
    }

    /** Returns the layers' names, and the index for a layer without one or with one that comes twice. */
    private static List<String> names(List<NeuralNetConfiguration> confs) {
        List<@Nullable String> given = new ArrayList<>();
        confs.forEach(conf -> given.add(conf.getLayer().getLayerName()));
        List<String> names = new ArrayList<>();
        for (int i = 0; i < confs.size(); i++) {
            String name = given.get(i);
            boolean unique = given.indexOf(name) == given.lastIndexOf(name);
            names.add(name != null && unique ? name : String.valueOf(i));
        }
        return names;
    }
}
