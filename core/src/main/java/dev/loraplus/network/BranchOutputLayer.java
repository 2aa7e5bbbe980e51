package dev.loraplus.network;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.OutputLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes a frozen output layer with a low-rank branch, and neither the gradient of its weight nor of its bias. */
@SuppressWarnings("MissingSerialVersionUID")
final class BranchOutputLayer extends OutputLayer {
    private final LowRankBranch branch;

    BranchOutputLayer(NeuralNetConfiguration conf, DataType type, LowRankBranch branch) {
        super(conf, type);
        this.branch = branch;
    }

    @Override
    protected INDArray getParamWithNoise(String param, boolean training, LayerWorkspaceMgr workspaceMgr) {
        INDArray frozen = super.getParamWithNoise(param, training, workspaceMgr);
        return param.equals(DefaultParamInitializer.WEIGHT_KEY) ? branch.weight(frozen, training) : frozen;
    }

    @Override
    protected Pair<INDArray, INDArray> preOutputWithPreNorm(
            boolean training, boolean forBackprop, LayerWorkspaceMgr workspaceMgr) {
        INDArray one = training || maskArray != null
                ? null
                : branch.predictOne(this, input, ArrayType.ACTIVATIONS, workspaceMgr);
        Pair<INDArray, INDArray> sum =
                one == null ? super.preOutputWithPreNorm(training, forBackprop, workspaceMgr) : new Pair<>(one, one);
        branch.addTo(sum.getFirst(), input.castTo(dataType), training, getIterationCount(), workspaceMgr);
        return sum;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        INDArray sum = preOutput2d(true, workspaceMgr);
        INDArray delta = layerConf()
                .getLossFn()
                .computeGradient(
                        getLabels2d(workspaceMgr, ArrayType.BP_WORKING_MEM),
                        sum,
                        layerConf().getActivationFn(),
                        maskArray);
        INDArray weight = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, workspaceMgr);
        INDArray next = InputGradient.of(weight, delta, workspaceMgr);
        branch.backward(input.castTo(dataType), delta, next, workspaceMgr);
        weightNoiseParams.clear();
        return new Pair<>(new DefaultGradient(), backpropDropOutIfPresent(next));
    }

    @Override
    public void clear() {
        super.clear();
        branch.forget();
    }
}
