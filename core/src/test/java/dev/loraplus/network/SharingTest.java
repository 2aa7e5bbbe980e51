package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Networks that share a base, threads that share a network, and bases that were trained in other ways. */
class SharingTest {
    private static final LoraConfig CONFIG = LoraConfig.builder().rank(2).build();

    /** Every parameter that a gradient check or a tool writes into the flat vector behind our back must count. */
    @Test
    void effectiveWeights_followEveryChangeOfTheFactors() {
        LayerKind kind = LayerKind.all()
                .filter(each -> each.name().equals("LSTM"))
                .findFirst()
                .orElseThrow();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(kind.network(new Sgd(0.1)), CONFIG);
        MultiLayerNetwork network = adapted.model();
        List<Runnable> changes = List.of(
                () -> Networks.fill(network.params(), 3),
                () -> network.params().putScalar(network.params().length() - 1, 2.0),
                () -> network.setParams(network.params().mul(1.5)),
                () -> network.setParam("0_WloraB", network.getParam("0_WloraB").mul(2)),
                () -> network.getParam("0_RWloraA").putScalar(1, 1, 0.7),
                () -> network.fit(kind.features(), kind.labels()));
        for (int i = 0; i < changes.size(); i++) {
            changes.get(i).run();
            INDArray expected = adapted.merge().output(kind.features());
            assertThat(network.output(kind.features()).equalsWithEps(expected, 1e-12))
                    .as("after change " + i)
                    .isTrue();
        }
    }

    @Test
    void outputFromEightThreads_isRight() throws Exception {
        for (String name : List.of("LSTM", "Convolution2D NCHW", "Dense, Output")) {
            LayerKind kind = LayerKind.all()
                    .filter(each -> each.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(kind.network(new Sgd(0.1)), CONFIG);
            Networks.fill(adapted.model().params(), 3);
            ComputationGraph graph = adapted.model().toComputationGraph();
            INDArray expected = adapted.merge().output(kind.features());
            ExecutorService threads = Executors.newFixedThreadPool(8);
            try {
                List<Callable<Boolean>> calls = new ArrayList<>();
                for (int i = 0; i < 32; i++) {
                    calls.add(() -> adapted.model().output(kind.features()).equalsWithEps(expected, 1e-12));
                    calls.add(() -> graph.outputSingle(kind.features()).equalsWithEps(expected, 1e-12));
                }
                for (Future<Boolean> right : threads.invokeAll(calls)) {
                    assertThat(right.get()).as(name).isTrue();
                }
            } finally {
                threads.shutdownNow();
            }
        }
    }

    @Test
    void severalAdapters_shareOneBase_andTrainApart() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        AdaptedNetwork<MultiLayerNetwork> first = LoraPlus.attach(base, CONFIG);
        AdaptedNetwork<MultiLayerNetwork> second =
                LoraPlus.attach(base, CONFIG.toBuilder().rank(3).build());
        INDArray expected = base.output(Networks.data(DataType.FLOAT).getFeatures());
        first.model().fit(Networks.data(DataType.FLOAT));
        assertThat(second.model().output(Networks.data(DataType.FLOAT).getFeatures()))
                .isEqualTo(expected);
        INDArray a = ((AdapterLayer) first.model().getLayer(0)).parameters().base();
        assertThat(((AdapterLayer) second.model().getLayer(0)).parameters().base())
                .isSameAs(a);
    }

    /** The store must not take a network for a base that it was before it was trained. */
    @Test
    void baseThatWasTrained_isNoLongerTheBase() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE, new Sgd(0.3));
        MultiLayerNetwork copy = base.clone();
        String id = BaseWeightStore.register(copy.getLayer(0).params());
        copy.fit(Networks.data(DataType.DOUBLE));
        INDArray found = BaseWeightStore.find(id);
        assertThat(found == null || found.equals(base.getLayer(0).params())).isTrue();
        INDArray expected = base.output(Networks.data(DataType.DOUBLE).getFeatures());
        assertThat(LoraPlus.attach(base, CONFIG)
                        .model()
                        .output(Networks.data(DataType.DOUBLE).getFeatures()))
                .isEqualTo(expected);
    }

    @Test
    void attachingAndDiscarding_letsEverythingGo() throws Exception {
        MultiLayerNetwork base = new MultiLayerNetwork(Networks.settings(DataType.FLOAT, new Adam())
                .list()
                .layer(new LSTM.Builder().nIn(500).nOut(1600).build())
                .layer(LayerKind.sequenceOutput(1600))
                .build());
        base.init();
        INDArray features = Networks.uniform(DataType.FLOAT, 1, 1, 500, 1);
        int entries = BaseWeightStore.size();
        LoraPlus.attach(base, CONFIG).model().output(features);
        settle();
        long once = Pointer.physicalBytes();
        for (int i = 0; i < 20; i++) {
            LoraPlus.attach(base, CONFIG.toBuilder().seed(i).build()).model().output(features);
            if (i % 5 == 4) {
                settle();
            }
        }
        settle();
        assertThat(Pointer.physicalBytes()).isLessThan((long) (1.2 * once));
        assertThat(BaseWeightStore.size()).isLessThanOrEqualTo(entries + 2);
    }

    @Test
    void frozenLayersOfABase_areFrozenByUs_andComeBack() {
        MultiLayerNetwork base = new TransferLearning.Builder(Networks.dense(DataType.DOUBLE))
                .setFeatureExtractor(0)
                .build();
        assertThat(base.getLayerWiseConfigurations().getConf(0).getLayer()).isInstanceOf(FrozenLayer.class);
        INDArray features = Networks.data(DataType.DOUBLE).getFeatures();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        assertThat(adapted.model().output(features)).isEqualTo(base.output(features));
        adapted.model().fit(Networks.data(DataType.DOUBLE));
        MultiLayerNetwork merged = adapted.merge();
        assertThat(merged.output(features).equalsWithEps(adapted.model().output(features), 1e-12))
                .isTrue();
        assertThat(merged.getLayerWiseConfigurations().toJson())
                .isEqualTo(base.getLayerWiseConfigurations().toJson());
    }

    @Test
    void fineTune_isForTheAdapterOnly() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT, new Sgd(0.5));
        NetworkOptions options = NetworkOptions.defaults()
                .withFineTune(
                        FineTuneConfiguration.builder().updater(new Adam(0.001)).build());
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG, options);
        assertThat(adapted.describe().toString()).contains("rate 0.001").contains("rate 0.016");
        assertThat(adapted.model().getLearningRate(0)).isEqualTo(0.001);
        assertThat(adapted.merge().getLayerWiseConfigurations().toJson())
                .isEqualTo(base.getLayerWiseConfigurations().toJson());
    }

    @Test
    void rates_followSetLearningRate_andHeadRateIsAbsolute() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .lambda(4)
                .modulesToSave("out")
                .headRate(0.5)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(Networks.dense(DataType.FLOAT), config);
        assertThat(rates(adapted)).containsExactly("0.01", "0.04", "0.01", "0.04", "0.5", "0.5");
        adapted.model().fit(Networks.data(DataType.FLOAT));
        adapted.model().setLearningRate(0.25);
        assertThat(rates(adapted)).containsExactly("0.25", "1.0", "0.25", "1.0", "0.25", "0.25");
        MultiLayerNetwork copy = adapted.model().clone();
        copy.setLearningRate(0.125);
        assertThat(rates(LoraPlus.adapted(copy)).get(1)).isEqualTo("0.5");
        assertThat(rates(adapted).get(1)).as("of the original").isEqualTo("1.0");
    }

    private static List<String> rates(AdaptedNetwork<?> adapted) {
        return adapted.describe().parameters().stream()
                .map(parameter -> String.valueOf(parameter.rate()))
                .toList();
    }

    private static void settle() throws InterruptedException {
        for (int i = 0; i < 4; i++) {
            System.gc();
            Thread.sleep(100);
        }
    }
}
