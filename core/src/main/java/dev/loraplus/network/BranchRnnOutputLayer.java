package dev.loraplus.network;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.recurrent.RnnOutputLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.util.TimeSeriesUtils;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes a frozen output layer of sequences with a low-rank branch, every step of time as one row, and neither the
 * gradient of its weight nor of its bias.
 */
@SuppressWarnings("MissingSerialVersionUID")
final class BranchRnnOutputLayer extends RnnOutputLayer {
    private final LowRankBranch branch;

    BranchRnnOutputLayer(NeuralNetConfiguration conf, DataType type, LowRankBranch branch) {
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
        Pair<INDArray, INDArray> sum = super.preOutputWithPreNorm(training, forBackprop, workspaceMgr);
        branch.addTo(sum.getFirst(), input.castTo(dataType), training, getIterationCount(), workspaceMgr);
        return sum;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        requireSequence();
        INDArray rows = rows(input.castTo(dataType), workspaceMgr, ArrayType.FF_WORKING_MEM);
        INDArray one = training ? null : branch.predictOne(this, rows, ArrayType.FF_WORKING_MEM, workspaceMgr);
        INDArray sum = one == null ? product(rows, training, workspaceMgr) : one;
        branch.addTo(sum, rows, training, getIterationCount(), workspaceMgr);
        INDArray activations = layerConf().getActivationFn().getActivation(sum, training);
        if (maskArray != null) {
            applyMask(activations);
        }
        return sequence(activations, ArrayType.ACTIVATIONS, workspaceMgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        requireSequence();
        requireLabelsOfSameLength();
        INDArray whole = input;
        input = rows(whole, workspaceMgr, ArrayType.BP_WORKING_MEM);
        applyDropOutIfNecessary(true, workspaceMgr);
        INDArray sum = preOutput2d(true, workspaceMgr);
        INDArray labels2d = getLabels2d(workspaceMgr, ArrayType.BP_WORKING_MEM);
        INDArray delta = layerConf()
                .getLossFn()
                .computeGradient(labels2d, sum, layerConf().getActivationFn(), maskArray);
        INDArray weight = getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, true, workspaceMgr);
        INDArray next = InputGradient.of(weight, delta, workspaceMgr);
        branch.backward(input.castTo(dataType), delta, next, workspaceMgr);
        next = backpropDropOutIfPresent(next);
        input = whole;
        weightNoiseParams.clear();
        return new Pair<>(new DefaultGradient(), sequence(next, ArrayType.ACTIVATION_GRAD, workspaceMgr));
    }

    @Override
    public void clear() {
        super.clear();
        branch.forget();
    }

    private INDArray product(INDArray rows, boolean training, LayerWorkspaceMgr workspaceMgr) {
        INDArray sum = rows.mmul(getParamWithNoise(DefaultParamInitializer.WEIGHT_KEY, training, workspaceMgr));
        if (hasBias()) {
            sum.addiRowVector(getParamWithNoise(DefaultParamInitializer.BIAS_KEY, training, workspaceMgr));
        }
        return sum;
    }

    private boolean timeFirst() {
        return layerConf().getRnnDataFormat() == RNNFormat.NWC;
    }

    private INDArray rows(INDArray whole, LayerWorkspaceMgr workspaceMgr, ArrayType type) {
        return TimeSeriesUtils.reshape3dTo2d(timeFirst() ? whole.permute(0, 2, 1) : whole, workspaceMgr, type);
    }

    private INDArray sequence(INDArray rows, ArrayType type, LayerWorkspaceMgr workspaceMgr) {
        INDArray whole = TimeSeriesUtils.reshape2dTo3d(rows, input.size(0), workspaceMgr, type);
        return timeFirst() ? whole.permute(0, 2, 1) : whole;
    }

    private void requireSequence() {
        if (input.rank() != 3) {
            throw new UnsupportedOperationException("Input must be of rank 3, [minibatch, size, time], got "
                    + Arrays.toString(input.shape()) + " " + layerId());
        }
    }

    private void requireLabelsOfSameLength() {
        int time = timeFirst() ? 1 : 2;
        if (labels.rank() != 3 || labels.size(time) != input.size(time)) {
            throw new IllegalStateException("Labels must be of rank 3 and as long as the input of shape "
                    + Arrays.toString(input.shape()) + ", got " + Arrays.toString(labels.shape()) + " " + layerId());
        }
    }
}
