package dev.loraplus.network;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class NamedMultiLayerNetworksTest extends NamedNetworksContract<MultiLayerNetwork> {
    NamedMultiLayerNetworksTest() {
        super(MultiLayerTopology.INSTANCE, Networks.dense(DataType.DOUBLE), "fc1");
    }

    @Override
    NamedNetworks<MultiLayerNetwork> on(MultiLayerNetwork plain) {
        return NamedNetworks.on(plain);
    }

    @Override
    INDArray output(MultiLayerNetwork network) {
        return network.output(INPUT).dup();
    }

    @Override
    void fit(MultiLayerNetwork network) {
        network.fit(Networks.data(DataType.DOUBLE));
    }

    @Override
    MultiLayerNetwork copy(MultiLayerNetwork network) {
        return network.clone();
    }
}
