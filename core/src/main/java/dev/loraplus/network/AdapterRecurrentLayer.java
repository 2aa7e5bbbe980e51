package dev.loraplus.network;

import java.util.Map;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Runs a wrapped layer that has state over time. */
final class AdapterRecurrentLayer extends AdapterLayer implements RecurrentLayer {
    private final RecurrentLayer recurrent;

    AdapterRecurrentLayer(RecurrentLayer delegate, LoraLayer conf, AdapterParameters parameters, WeightPath path) {
        super(delegate, conf, parameters, path);
        recurrent = delegate;
    }

    @Override
    public INDArray rnnTimeStep(INDArray input, LayerWorkspaceMgr workspaceMgr) {
        path().beforePass();
        return recurrent.rnnTimeStep(input, workspaceMgr);
    }

    @Override
    public INDArray rnnActivateUsingStoredState(
            INDArray input, boolean training, boolean storeLastForTBPTT, LayerWorkspaceMgr workspaceMgr) {
        path().beforePass();
        return recurrent.rnnActivateUsingStoredState(input, training, storeLastForTBPTT, workspaceMgr);
    }

    @Override
    public Pair<Gradient, INDArray> tbpttBackpropGradient(
            INDArray epsilon, int length, LayerWorkspaceMgr workspaceMgr) {
        path().beforePass();
        path().beforeBackward();
        return finish(recurrent.tbpttBackpropGradient(epsilon, length, workspaceMgr));
    }

    @Override
    public Map<String, INDArray> rnnGetPreviousState() {
        return recurrent.rnnGetPreviousState();
    }

    @Override
    public void rnnSetPreviousState(Map<String, INDArray> state) {
        recurrent.rnnSetPreviousState(state);
    }

    @Override
    public void rnnClearPreviousState() {
        recurrent.rnnClearPreviousState();
    }

    @Override
    public Map<String, INDArray> rnnGetTBPTTState() {
        return recurrent.rnnGetTBPTTState();
    }

    @Override
    public void rnnSetTBPTTState(Map<String, INDArray> state) {
        recurrent.rnnSetTBPTTState(state);
    }
}
