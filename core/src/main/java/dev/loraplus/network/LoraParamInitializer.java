package dev.loraplus.network;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Tells DL4J how many numbers of the flat vector a {@link LoraLayer} has, and their names; the layer itself makes and
 * fills the arrays.
 */
final class LoraParamInitializer implements ParamInitializer {
    static final LoraParamInitializer INSTANCE = new LoraParamInitializer();

    private LoraParamInitializer() {}

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return ((LoraLayer) conf.getLayer()).resolve(conf).length();
    }

    @Override
    public long numParams(Layer layer) {
        NeuralNetConfiguration conf = new NeuralNetConfiguration();
        conf.setLayer(layer);
        return numParams(conf);
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        LoraLayer lora = (LoraLayer) layer;
        List<String> keys = new ArrayList<>();
        if (lora.spec().mode() == LayerMode.TRAINED || lora.spec().storage() == Storage.EMBEDDED) {
            keys.addAll(lora.getUnderlying().initializer().paramKeys(lora.getUnderlying()));
        }
        if (lora.spec().takesStart()) {
            lora.spec().weights().keySet().forEach(key -> {
                keys.add(FactorKeys.startOfA(key));
                keys.add(FactorKeys.startOfB(key));
            });
        }
        keys.addAll(weightKeys(layer));
        keys.addAll(biasKeys(layer));
        return keys;
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        List<String> keys = new ArrayList<>();
        ((LoraLayer) layer).spec().weights().forEach((key, weight) -> {
            keys.add(FactorKeys.a(key));
            keys.add(FactorKeys.b(key));
            if (weight.loraBias()) {
                keys.add(FactorKeys.bias(key));
            }
            if (weight.dora()) {
                keys.add(FactorKeys.magnitude(key));
            }
        });
        return keys;
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return ((LoraLayer) layer)
                .spec().biases().keySet().stream().map(FactorKeys::trained).toList();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return FactorKeys.weight(((LoraLayer) layer).spec(), key) != null;
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return FactorKeys.isTrainedBias(((LoraLayer) layer).spec(), key);
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, INDArray paramsView, boolean initializeParams) {
        throw new UnsupportedOperationException("A LoraLayer fills its parameters when it is instantiated.");
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, INDArray gradientView) {
        throw new UnsupportedOperationException("A LoraLayer reads its gradients itself.");
    }
}
