package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraPlus;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/** Networks that are built with wrapped layers from the start. */
class NewNetworkTest {
    private final DataSet data = new DataSet(
            Networks.uniform(DataType.DOUBLE, 2, 4, 2, 6, 6), Networks.oneHot(DataType.DOUBLE, 4, Networks.OUT));

    @Test
    void base_isDrawnAsWithoutTheWrapper_andStaysFrozen() {
        MultiLayerNetwork plain = network(false);
        MultiLayerNetwork network = network(true);
        INDArray expected = plain.output(data.getFeatures());
        assertThat(network.output(data.getFeatures())).isEqualTo(expected);

        double score = network.score(data);
        for (int i = 0; i < 30; i++) {
            network.fit(data);
        }
        assertThat(network.score(data)).isLessThan(score);
        assertThat(network.getParam("0_W")).isEqualTo(plain.getParam("0_W"));
        assertThat(network.getParam("1_b")).isEqualTo(plain.getParam("1_b"));
        assertThat(network.getParam("2_W")).as("a layer of its own").isNotEqualTo(plain.getParam("2_W"));
        AdaptedNetwork<MultiLayerNetwork> handle = LoraPlus.adapted(network);
        MultiLayerNetwork merged = handle.merge();
        assertThat(Networks.difference(merged.output(data.getFeatures()), network.output(data.getFeatures())))
                .isLessThanOrEqualTo(1e-12);
        assertThat(merged.getLayerWiseConfigurations().toJson())
                .isEqualTo(plain.getLayerWiseConfigurations().toJson());
        assertThat(handle.detach().getParam("1_W")).isEqualTo(plain.getParam("1_W"));
    }

    @Test
    void savedNetwork_needsNoBase() throws IOException {
        MultiLayerNetwork network = network(true);
        network.fit(data);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        MultiLayerNetwork restored =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes.toByteArray()), true);
        assertThat(restored.output(data.getFeatures())).isEqualTo(network.output(data.getFeatures()));
        network.fit(data);
        restored.fit(data);
        assertThat(restored.params()).isEqualTo(network.params());
    }

    @Test
    void frozenBase_hasNoUpdaterState() {
        MultiLayerNetwork network = network(true);
        network.fit(data);
        long trained = 4 * (2 * 9 + 4) + 4 * (64 + 7) + 7 * Networks.OUT + Networks.OUT;
        assertThat(network.getUpdater().getStateViewArray().length()).isEqualTo(2 * trained);
    }

    @Test
    void weights_canBeNamed_andWrongOnesListWhatExists() {
        MultiLayerNetwork network = of(
                new LoraLayer.Builder(new LSTM.Builder().nIn(3).nOut(4).build())
                        .rank(2)
                        .weights("RW")
                        .build(),
                LayerKind.sequenceOutput(4));
        assertThat(network.paramTable().keySet())
                .containsExactly("0_W", "0_RW", "0_b", "0_RWloraA", "0_RWloraB", "1_W", "1_b");
        assertThatThrownBy(() -> of(
                        new LoraLayer.Builder(new LSTM.Builder().nIn(3).nOut(4).build())
                                .weights("Q")
                                .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[W, RW]")
                .hasMessageContaining("[Q]");
        assertThatThrownBy(() -> of(new LoraLayer.Builder(
                                new EmbeddingLayer.Builder().nIn(9).nOut(4).build())
                        .build()))
                .hasMessageContaining("LoraLayer.Builder.weights");
        assertThatThrownBy(() -> new LoraLayer.Builder(new BatchNormalization())
                        .dropout(0.5)
                        .build())
                .hasMessageContaining("dropout");
    }

    private static MultiLayerNetwork network(boolean wrapped) {
        Layer convolution =
                new ConvolutionLayer.Builder(3, 3).name("conv").nOut(4).build();
        Layer dense = new DenseLayer.Builder().name("fc").nOut(7).build();
        ListBuilder builder = Networks.settings(DataType.DOUBLE, new Adam(0.01))
                .l2(1e-3)
                .list()
                .layer(wrapped ? new LoraLayer.Builder(convolution).rank(4).build() : convolution)
                .layer(wrapped ? new LoraLayer.Builder(dense).rank(4).build() : dense)
                .layer(Networks.softmax().nOut(Networks.OUT).build());
        MultiLayerNetwork network = new MultiLayerNetwork(
                builder.setInputType(InputType.convolutional(6, 6, 2)).build());
        network.init();
        return network;
    }

    private static MultiLayerNetwork of(Layer... layers) {
        ListBuilder builder = Networks.settings(DataType.FLOAT, new Adam(0.01)).list();
        for (Layer layer : layers) {
            builder.layer(layer);
        }
        MultiLayerNetwork network =
                new MultiLayerNetwork(builder.validateOutputLayerConfig(false).build());
        network.init();
        return network;
    }
}
