package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

class TransferLearningTest {
    private static final int CLASSES = 2;

    @Test
    void networkWithANewHead_isAdapted() {
        MultiLayerNetwork edited = new TransferLearning.Builder(Life.network())
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                .removeOutputLayer()
                .addLayer(head(6))
                .build();
        String json = edited.getLayerWiseConfigurations().toJson();
        INDArray before = edited.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(edited, config("layer2"));
        Life.assertSame(adapted.model().output(Life.input()), edited.output(Life.input()));
        adapted.model().fit(data());
        adapted.model().fit(data());

        MultiLayerNetwork merged = adapted.merge();
        Life.assertClose(merged.output(Life.input()), adapted.model().output(Life.input()), 1e-12);
        assertThat(merged.getLayerWiseConfigurations().toJson()).isEqualTo(json);
        Life.assertSame(edited.params(), before);
    }

    /** DL4J freezes what comes before the head; we freeze it again, and adapt it too. */
    @Test
    void networkWithAFeatureExtractor_isAdapted_andMergesToFrozenLayers() {
        MultiLayerNetwork edited = new TransferLearning.Builder(Life.network())
                .setFeatureExtractor(1)
                .build();
        String json = edited.getLayerWiseConfigurations().toJson();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(edited, Life.config());
        Life.assertSame(adapted.model().output(Life.input()), edited.output(Life.input()));
        adapted.model().fit(Life.data(3));
        adapted.model().fit(Life.data(4));

        assertThat(adapted.model().paramTable().keySet())
                .containsExactly("0_WloraA", "0_WloraB", "1_WloraA", "1_WloraB", "2_W", "2_b");
        Life.assertClose(adapted.merge().output(Life.input()), adapted.model().output(Life.input()), 1e-12);
        assertThat(adapted.merge().getLayerWiseConfigurations().toJson()).isEqualTo(json);
    }

    @Test
    void graphWithANewHead_orAFeatureExtractor_isAdapted() {
        ComputationGraph edited = new TransferLearning.GraphBuilder(Life.graph())
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                .setFeatureExtractor("left")
                .removeVertexKeepConnections("out")
                .addLayer("head", head(11), "out-merge")
                .setOutputs("head")
                .build();
        String json = edited.getConfiguration().toJson();
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(edited, config("head"));
        Life.assertSame(adapted.model().outputSingle(Life.input()), edited.outputSingle(Life.input()));
        adapted.model().fit(data());
        adapted.model().fit(data());

        Life.assertClose(
                adapted.merge().outputSingle(Life.input()), adapted.model().outputSingle(Life.input()), 1e-6);
        assertThat(adapted.merge().getConfiguration().toJson()).isEqualTo(json);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void adaptedNetwork_getsANewHead_andStaysAdapted(Storage storage) {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        INDArray features = adapted.model().feedForward(Life.input()).get(2).dup();
        MultiLayerNetwork edited = new TransferLearning.Builder(adapted.model())
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                .removeOutputLayer()
                .addLayer(head(6))
                .build();

        Life.assertSame(edited.feedForward(Life.input()).get(2), features);
        Steps.of(edited, data()).assertRate("2_W", 0.1);
        AdaptedNetwork<MultiLayerNetwork> handle = LoraPlus.adapted(edited);
        Life.assertClose(handle.merge().output(Life.input()), edited.output(Life.input()), 1e-12);
        assertThat(handle.adapter().saved().keySet()).containsExactlyInAnyOrder("layer2.W", "layer2.b");
        Life.assertSame(handle.detach().getParam("2_W"), edited.getParam("2_W"));
        Life.assertSame(handle.detach().getParam("0_W"), adapted.detach().getParam("0_W"));
        assertThat(handle.merge().getLayer(0).conf().getLayer().getClass())
                .isEqualTo(Life.network().getLayer(0).conf().getLayer().getClass());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void adaptedGraph_getsANewHead_andStaysAdapted(Storage storage) {
        AdaptedNetwork<ComputationGraph> adapted = Life.trainedGraph(storage);
        INDArray left =
                adapted.model().feedForward(Life.input(), false).get("left").dup();
        ComputationGraph edited = new TransferLearning.GraphBuilder(adapted.model())
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().build())
                .removeVertexKeepConnections("out")
                .addLayer("head", head(11), "out-merge")
                .setOutputs("head")
                .build();

        DataType type = edited.getConfiguration().getDataType(); // DL4J's builder makes FLOAT of DOUBLE
        Life.assertClose(edited.feedForward(Life.input(), false).get("left"), left.castTo(type), 1e-6);
        edited.fit(data());
        AdaptedNetwork<ComputationGraph> handle = LoraPlus.adapted(edited);
        Life.assertClose(handle.merge().outputSingle(Life.input()), edited.outputSingle(Life.input()), 1e-6);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void featureExtractorOverAdaptedLayers_freezesTheirFactors(Storage storage) {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        MultiLayerNetwork edited = new TransferLearning.Builder(adapted.model())
                .setFeatureExtractor(0)
                .build();
        Life.assertSame(edited.output(Life.input()), adapted.model().output(Life.input()));
        INDArray frozen = edited.getParam("0_WloraB").dup();
        INDArray trained = edited.getParam("1_WloraB").dup();
        edited.fit(Life.data(5));
        Life.assertSame(edited.getParam("0_WloraB"), frozen);
        assertThat(edited.getParam("1_WloraB").sub(trained).amaxNumber().doubleValue())
                .isPositive();

        AdaptedNetwork<MultiLayerNetwork> handle = LoraPlus.adapted(edited);
        Life.assertClose(handle.merge().output(Life.input()), edited.output(Life.input()), 1e-12);
        Life.assertSame(handle.detach().params(), adapted.detach().params());
        assertThat(handle.adapter().factors().keySet())
                .isEqualTo(adapted.adapter().factors().keySet());
    }

    /**
     * DL4J gives the updater of a fine-tuning configuration to layers of its own classes and to new ones only, and tells
     * a wrapped layer nothing: its factors go on as before. Attach with a configuration, or set the rate of the network.
     */
    @Test
    void updaterOfTransferLearning_reachesNewLayersOnly() {
        LoraConfig config = LoraConfig.builder().rank(2).lambda(Life.LAMBDA).build();
        MultiLayerNetwork network = LoraPlus.attach(Life.network(new Sgd(0.1), new Sgd(0.02), new Sgd(0.05)), config)
                .model();
        Life.fillB(network.paramTable());
        MultiLayerNetwork edited = new TransferLearning.Builder(network)
                .fineTuneConfiguration(new FineTuneConfiguration.Builder()
                        .updater(new Sgd(0.5))
                        .build())
                .removeOutputLayer()
                .addLayer(new OutputLayer.Builder().nIn(6).nOut(CLASSES).build())
                .build();
        Steps.of(edited, data())
                .assertRates("0_W", 0.1)
                .assertRates("1_W", 0.02)
                .assertRate("2_W", 0.5);
        edited.setLearningRate(0.5);
        Steps.of(edited, data()).assertRates("0_W", 0.5).assertRates("1_W", 0.5).assertRate("2_W", 0.5);
    }

    private static LoraConfig config(String head) {
        return Life.config().toBuilder().modulesToSave(head).build();
    }

    private static OutputLayer head(int nIn) {
        return Life.softmax().nIn(nIn).nOut(CLASSES).updater(new Sgd(0.1)).build();
    }

    private static DataSet data() {
        INDArray labels = Nd4j.zeros(Life.input().dataType(), Life.BATCH, CLASSES);
        for (int i = 0; i < Life.BATCH; i++) {
            labels.putScalar(i, i % CLASSES, 1);
        }
        return new DataSet(Life.input(), labels);
    }
}
