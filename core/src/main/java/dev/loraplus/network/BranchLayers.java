package dev.loraplus.network;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.nd4j.linalg.api.buffer.DataType;

/** Knows the kinds of layers that compute with a branch of their own instead of a whole weight. */
final class BranchLayers {

    /** Makes a layer, still without weights, from the network's configuration with that layer's, data type and branch. */
    @FunctionalInterface
    private interface Maker {
        Layer make(NeuralNetConfiguration conf, DataType type, LowRankBranch branch);
    }

    /** The branch computes inside the layer and writes its gradients itself. */
    private enum Inside implements WeightPath {
        INSTANCE;

        @Override
        public void beforePass() {}

        @Override
        public void beforeBackward() {}

        @Override
        public void afterBackward(Gradient gradient) {}
    }

    private static final Map<Class<?>, Maker> MAKERS = Map.of(
            DenseLayer.class, BranchDenseLayer::new,
            OutputLayer.class, BranchOutputLayer::new,
            RnnOutputLayer.class, BranchRnnOutputLayer::new,
            EmbeddingLayer.class, BranchEmbeddingLayer::new,
            EmbeddingSequenceLayer.class, BranchEmbeddingSequenceLayer::new);

    private BranchLayers() {}

    /** Returns whether a layer is of such a kind; layer normalization needs the whole sum before it. */
    static boolean supports(org.deeplearning4j.nn.conf.layers.Layer layer) {
        return MAKERS.containsKey(layer.getClass()) && !(layer instanceof DenseLayer dense && dense.hasLayerNorm());
    }

    /** Makes a layer of a supported kind. */
    static Layer create(NeuralNetConfiguration conf, AdapterParameters parameters, DataType type) {
        org.deeplearning4j.nn.conf.layers.Layer layer = conf.getLayer();
        Maker maker = MAKERS.get(layer.getClass());
        if (maker == null) {
            throw new IllegalArgumentException("A " + layer.getClass().getSimpleName()
                    + " has no branch; expected one of " + MAKERS.keySet() + ".");
        }
        LowRankBranch branch = new LowRankBranch(parameters, layer.getLayerName(), DefaultParamInitializer.WEIGHT_KEY);
        Layer made = maker.make(conf, type, branch);
        made.setParamsViewArray(parameters.base());
        made.setParamTable(layer.initializer().init(conf, parameters.base(), false));
        return made;
    }

    static WeightPath path() {
        return Inside.INSTANCE;
    }
}
