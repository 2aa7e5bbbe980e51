package dev.loraplus.network;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.dense.DenseLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes a frozen dense layer with a low-rank branch, and neither the gradient of its weight nor that of its bias; the
 * sum before the activation is kept from the forward pass of training, where DL4J computes it again.
 */
@SuppressWarnings("MissingSerialVersionUID")
final class BranchDenseLayer extends DenseLayer {
    private final LowRankBranch branch;
    private @Nullable INDArray keptSum;

    BranchDenseLayer(NeuralNetConfiguration conf, DataType type, LowRankBranch branch) {
        super(conf, type);
        this.branch = branch;
    }

    @Override
    public void setInput(INDArray input, LayerWorkspaceMgr workspaceMgr) {
        keptSum = null;
        super.setInput(input, workspaceMgr);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        INDArray sum = preOutput(training, workspaceMgr);
        keptSum = training ? workspaceMgr.dup(ArrayType.ACTIVATIONS, sum) : null;
        INDArray activations = layerConf().getActivationFn().getActivation(sum, training);
        if (maskArray != null) {
            applyMask(activations);
        }
        return activations;
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
        INDArray sum = keptSum != null && Workspaces.isAlive(keptSum)
                ? keptSum
                : preOutputWithPreNorm(true, true, workspaceMgr).getFirst();
        keptSum = null;
        INDArray delta = layerConf().getActivationFn().backprop(sum, epsilon).getFirst();
        if (maskArray != null) {
            applyMask(delta);
        }
        INDArray weight = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, workspaceMgr);
        INDArray next = InputGradient.of(weight, delta, workspaceMgr);
        branch.backward(input.castTo(dataType), delta, next, workspaceMgr);
        weightNoiseParams.clear();
        return new Pair<>(new DefaultGradient(), backpropDropOutIfPresent(next));
    }

    @Override
    public void clear() {
        super.clear();
        keptSum = null;
        branch.forget();
    }
}
