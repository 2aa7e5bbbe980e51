package dev.loraplus.network;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class NamedComputationGraphsTest extends NamedNetworksContract<ComputationGraph> {
    NamedComputationGraphsTest() {
        super(GraphTopology.INSTANCE, Networks.graph(DataType.DOUBLE), "left");
    }

    @Override
    NamedNetworks<ComputationGraph> on(ComputationGraph plain) {
        return NamedNetworks.on(plain);
    }

    @Override
    INDArray output(ComputationGraph network) {
        return network.outputSingle(INPUT).dup();
    }

    @Override
    void fit(ComputationGraph network) {
        network.fit(Networks.data(DataType.DOUBLE));
    }

    @Override
    ComputationGraph copy(ComputationGraph network) {
        return network.clone();
    }
}
