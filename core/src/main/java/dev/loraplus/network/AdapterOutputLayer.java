package dev.loraplus.network;

import java.util.List;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** Runs a wrapped layer that computes a loss. */
final class AdapterOutputLayer extends AdapterLayer implements IOutputLayer {
    private final IOutputLayer output;

    AdapterOutputLayer(IOutputLayer delegate, LoraLayer conf, AdapterParameters parameters, WeightPath path) {
        super(delegate, conf, parameters, path);
        output = delegate;
    }

    @Override
    public boolean needsLabels() {
        return output.needsLabels();
    }

    @Override
    public void setLabels(INDArray labels) {
        output.setLabels(labels);
    }

    @Override
    public @Nullable INDArray getLabels() {
        return output.getLabels();
    }

    @Override
    public double computeScore(double regularization, boolean training, LayerWorkspaceMgr workspaceMgr) {
        path().beforePass();
        return output.computeScore(regularization, training, workspaceMgr);
    }

    @Override
    public INDArray computeScoreForExamples(double regularization, LayerWorkspaceMgr workspaceMgr) {
        path().beforePass();
        return output.computeScoreForExamples(regularization, workspaceMgr);
    }

    @Override
    public double f1Score(DataSet data) {
        path().beforePass();
        return output.f1Score(data);
    }

    @Override
    public double f1Score(INDArray examples, INDArray labels) {
        path().beforePass();
        return output.f1Score(examples, labels);
    }

    @Override
    @Deprecated
    public int numLabels() {
        return output.numLabels();
    }

    @Override
    public int[] predict(INDArray examples) {
        path().beforePass();
        return output.predict(examples);
    }

    @Override
    public List<String> predict(DataSet data) {
        path().beforePass();
        return output.predict(data);
    }

    @Override
    public void fit(DataSetIterator data) {
        output.fit(data);
    }

    @Override
    public void fit(INDArray examples, INDArray labels) {
        output.fit(examples, labels);
    }

    @Override
    public void fit(DataSet data) {
        output.fit(data);
    }

    @Override
    public void fit(INDArray examples, int[] labels) {
        output.fit(examples, labels);
    }
}
