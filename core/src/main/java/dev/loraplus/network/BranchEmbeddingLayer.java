package dev.loraplus.network;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Looks rows of a frozen table up and adds the low-rank branch's; the table has no gradient. */
@SuppressWarnings("MissingSerialVersionUID")
final class BranchEmbeddingLayer extends EmbeddingLayer {
    private final LowRankBranch branch;

    BranchEmbeddingLayer(NeuralNetConfiguration conf, DataType type, LowRankBranch branch) {
        super(conf, type);
        this.branch = branch;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaceMgr) {
        INDArray rows = super.preOutput(training, workspaceMgr);
        branch.addRowsTo(rows, input, training, workspaceMgr);
        return rows;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        INDArray rows = preOutput(true, workspaceMgr);
        INDArray delta = layerConf().getActivationFn().backprop(rows, epsilon).getFirst();
        if (maskArray != null) {
            delta.muliColumnVector(maskArray.castTo(dataType));
        }
        branch.backwardRows(input, delta, workspaceMgr);
        return new Pair<>(new DefaultGradient(), null);
    }

    @Override
    public void clear() {
        super.clear();
        branch.forget();
    }
}
