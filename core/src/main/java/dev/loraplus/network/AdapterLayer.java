package dev.loraplus.network;

import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.TrainingConfig;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Runs a wrapped layer whose parameters, for the network, are factors only: computes as the wrapped layer does, on
 * weights or through branches that its {@link WeightPath} looks after.
 *
 * <p>{@link #conf()} is the wrapped layer's own, so that DL4J reads sizes and sets rates there; {@link #getConfig()}, which
 * updaters read, is the {@link LoraLayer}.
 */
class AdapterLayer extends BaseWrapperLayer {
    private final LoraLayer conf;
    private final AdapterParameters parameters;
    private final WeightPath path;
    private final boolean doubling;

    AdapterLayer(Layer delegate, LoraLayer conf, AdapterParameters parameters, WeightPath path) {
        super(delegate);
        this.conf = conf;
        this.parameters = parameters;
        this.path = path;
        doubling = DoubledGradients.isFrom(delegate);
        parameters.lendBiases(delegate.paramTable());
    }

    final AdapterParameters parameters() {
        return parameters;
    }

    final WeightPath path() {
        return path;
    }

    /** Turns what the wrapped layer's backward pass returns into what the network is to get. */
    final Pair<Gradient, INDArray> finish(Pair<Gradient, INDArray> ofDelegate) {
        path.afterBackward(ofDelegate.getFirst());
        parameters.takeBiasGradients(ofDelegate.getFirst());
        return new Pair<>(parameters.gradients(), ofDelegate.getSecond());
    }

    /**
     * Returns the layer that DL4J's networks run by themselves where they unwrap a wrapper, for example in
     * {@code rnnTimeStep}: what the wrapped layer would have given them, ready to compute.
     */
    @Override
    public Layer getUnderlying() {
        path.beforePass();
        return underlying instanceof BaseWrapperLayer wrapper ? wrapper.getUnderlying() : underlying;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        path.beforePass();
        return underlying.activate(training, workspaceMgr);
    }

    @Override
    public INDArray activate(INDArray input, boolean training, LayerWorkspaceMgr workspaceMgr) {
        path.beforePass();
        return underlying.activate(input, training, workspaceMgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        path.beforePass();
        path.beforeBackward();
        INDArray given = doubling ? DoubledGradients.compensated(epsilon) : epsilon;
        return finish(underlying.backpropGradient(given, workspaceMgr));
    }

    @Override
    public TrainingConfig getConfig() {
        return conf;
    }

    /** Does nothing: TransferLearning sets the outer configuration, which this layer does not use. */
    @Override
    public void setConf(NeuralNetConfiguration ignored) {}

    @Override
    public @Nullable INDArray params() {
        return parameters.view();
    }

    @Override
    public long numParams() {
        return parameters.spec().length();
    }

    @Override
    public long numParams(boolean backwards) {
        return numParams();
    }

    @Override
    public void setParams(INDArray params) {
        INDArray view = parameters.view();
        if (view != null && params != view) {
            view.assign(params.reshape(params.length()));
        }
    }

    @Override
    public void setParamsViewArray(INDArray params) {
        throw new UnsupportedOperationException("The parameters of layer '" + conf.getLayerName()
                + "' stay where its network put them; change their values by setParams.");
    }

    @Override
    public Map<String, INDArray> paramTable() {
        return parameters.table();
    }

    @Override
    public Map<String, INDArray> paramTable(boolean backpropParamsOnly) {
        return parameters.table();
    }

    @Override
    public @Nullable INDArray getParam(String key) {
        return parameters.table().get(key);
    }

    @Override
    public void setParam(String key, INDArray value) {
        parameters.set(key, value);
    }

    @Override
    public void setParamTable(Map<String, INDArray> table) {
        table.forEach(parameters::set);
    }

    @Override
    public @Nullable INDArray getGradientsViewArray() {
        return parameters.gradientView();
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
        parameters.setGradientView(gradients);
    }

    @Override
    public Gradient gradient() {
        return parameters.gradients();
    }

    @Override
    public void update(Gradient gradient) {
        gradient.gradientForVariable().forEach(this::update);
    }

    @Override
    public void update(INDArray gradient, String key) {
        update(key, gradient);
    }

    @Override
    public double calcRegularizationScore(boolean backpropParamsOnly) {
        return parameters.regularizationScore(getIterationCount(), getEpochCount());
    }

    /** Does nothing: constraints hold for weights of the base, which are frozen. */
    @Override
    public void applyConstraints(int iteration, int epoch) {}

    @Override
    public boolean isPretrainLayer() {
        return false;
    }

    @Override
    public boolean updaterDivideByMinibatch(String key) {
        return true;
    }

    private void update(String key, INDArray gradient) {
        INDArray parameter = getParam(key);
        if (parameter != null) {
            parameter.addi(gradient.reshape(parameter.shape()));
        }
    }
}
