package dev.loraplus.network;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Broadcast;
import org.nd4j.linalg.factory.Nd4j;

/** Looks rows of a frozen table up for every step of time and adds the low-rank branch's; the table has no gradient. */
@SuppressWarnings("MissingSerialVersionUID")
final class BranchEmbeddingSequenceLayer extends EmbeddingSequenceLayer {
    private final LowRankBranch branch;

    BranchEmbeddingSequenceLayer(NeuralNetConfiguration conf, DataType type, LowRankBranch branch) {
        super(conf, type);
        this.branch = branch;
    }

    @Override
    protected INDArray preOutput(boolean training, LayerWorkspaceMgr workspaceMgr) {
        INDArray whole = super.preOutput(training, workspaceMgr);
        if (!branch.isActive()) {
            return whole;
        }
        INDArray added =
                Nd4j.zeros(whole.dataType(), input.length(), layerConf().getNOut());
        branch.addRowsTo(added, input, training, workspaceMgr);
        INDArray timeFirst = added.reshape('c', input.size(0), -1, layerConf().getNOut());
        return whole.addi(channelsFirst() ? timeFirst.permute(0, 2, 1) : timeFirst);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        INDArray whole = preOutput(true, workspaceMgr);
        INDArray delta = layerConf().getActivationFn().backprop(whole, epsilon).getFirst();
        if (maskArray != null) {
            delta = Broadcast.mul(delta, maskArray.castTo(delta.dataType()), delta, 0, channelsFirst() ? 2 : 1);
        }
        INDArray timeFirst = channelsFirst() ? delta.permute(0, 2, 1) : delta;
        INDArray rows = timeFirst.dup('c').reshape('c', -1, layerConf().getNOut());
        branch.backwardRows(input, rows, workspaceMgr);
        return new Pair<>(new DefaultGradient(), null);
    }

    @Override
    public void clear() {
        super.clear();
        branch.forget();
    }

    private boolean channelsFirst() {
        return layerConf().getOutputFormat() == RNNFormat.NCW;
    }
}
