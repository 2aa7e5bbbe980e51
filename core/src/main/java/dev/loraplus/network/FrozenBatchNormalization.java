package dev.loraplus.network;

import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.normalization.BatchNormalization;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.broadcast.BroadcastMulOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * Normalizes by the stored mean and variance in training too, and changes neither: a fixed affine map, whose gradient is
 * epsilon &middot; gamma / &radic;(variance + eps). DL4J's own layer always has the gradient of batch statistics.
 */
@SuppressWarnings("MissingSerialVersionUID")
final class FrozenBatchNormalization extends BatchNormalization {

    FrozenBatchNormalization(NeuralNetConfiguration conf, INDArray weights, DataType type) {
        super(conf, type);
        setParamsViewArray(weights);
        setParamTable(conf.getLayer().initializer().init(conf, weights, false));
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr workspaceMgr) {
        return super.activate(false, workspaceMgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr workspaceMgr) {
        assertInputSet(true);
        if (epsilon.rank() == 3) {
            throw new IllegalStateException("Layer '" + layerConf().getLayerName()
                    + "': DL4J has no batch normalization of sequences in training, got a gradient of rank 3.");
        }
        boolean channelsLast = epsilon.rank() == 4 && layerConf().getCnn2DFormat() == CNN2DFormat.NHWC;
        INDArray result = workspaceMgr.createUninitialized(
                ArrayType.ACTIVATION_GRAD, epsilon.dataType(), epsilon.shape(), epsilon.ordering());
        Nd4j.exec(new BroadcastMulOp(epsilon, scale(), result, channelsLast ? 3 : 1));
        return new Pair<>(new DefaultGradient(), result);
    }

    private INDArray scale() {
        Map<String, INDArray> table = paramTable();
        INDArray scale = Transforms.sqrt(variance(table).add(layerConf().getEps()), false)
                .rdivi(1);
        INDArray gamma = table.get(BatchNormalizationParamInitializer.GAMMA);
        if (gamma == null) {
            scale.muli(layerConf().getGamma());
        } else {
            scale.muli(gamma);
        }
        return scale.reshape(scale.length());
    }

    private static INDArray variance(Map<String, INDArray> table) {
        INDArray variance = table.get(BatchNormalizationParamInitializer.GLOBAL_VAR);
        INDArray logDeviation = table.get(BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
        return logDeviation == null
                ? Objects.requireNonNull(variance)
                : Transforms.exp(logDeviation.mul(2 * Math.log(10)), false);
    }
}
