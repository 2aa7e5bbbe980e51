package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.AdaptedModel.Disabled;
import dev.loraplus.Adapter;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.io.Slot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.AdaDelta;

class AdaptedNetworkTest {
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).alpha(3).lambda(4).modulesToSave("out").build();
    private final DataSet data = Networks.data(DataType.DOUBLE);

    @ParameterizedTest
    @EnumSource(Storage.class)
    void attach_computesAsTheBase_andTrainsOnlyTheAdapter(Storage storage) {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        INDArray before = base.params().dup();
        INDArray expected = base.output(data.getFeatures());

        AdaptedNetwork<MultiLayerNetwork> adapted =
                LoraPlus.attach(base, CONFIG, NetworkOptions.defaults().withStorage(storage));
        MultiLayerNetwork network = adapted.model();

        assertThat(network.output(data.getFeatures())).isEqualTo(expected);
        for (int i = 0; i < 5; i++) {
            network.fit(data);
        }
        assertThat(Networks.difference(network.output(data.getFeatures()), expected))
                .isGreaterThan(1e-3);
        assertThat(base.params()).isEqualTo(before);
        assertThat(base.output(data.getFeatures())).isEqualTo(expected);
    }

    @Test
    void externalStorage_keepsOnlyTrainedNumbersInTheFlatVector() {
        MultiLayerNetwork network =
                LoraPlus.attach(Networks.dense(DataType.FLOAT), CONFIG).model();

        long factors = 2 * (5 + 7) + 2 * (7 + 6);
        assertThat(network.numParams()).isEqualTo(factors + 6 * 3 + 3);
        assertThat(network.paramTable().keySet())
                .containsExactly("0_WloraA", "0_WloraB", "1_WloraA", "1_WloraB", "2_W", "2_b");
        network.fit(Networks.data(DataType.FLOAT));
        assertThat(network.getUpdater().getStateViewArray().length()).isEqualTo(2 * network.numParams());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void merge_givesTheOriginalLayersAndConfiguration_andTheSameOutput(Storage storage) {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        base.fit(data);
        String json = base.getLayerWiseConfigurations().toJson();
        AdaptedNetwork<MultiLayerNetwork> adapted =
                LoraPlus.attach(base, CONFIG, NetworkOptions.defaults().withStorage(storage));
        adapted.model().fit(data);
        adapted.model().fit(data);

        MultiLayerNetwork merged = adapted.merge();

        assertThat(merged.getLayerWiseConfigurations().toJson()).isEqualTo(json);
        assertThat(Networks.difference(
                        merged.output(data.getFeatures()), adapted.model().output(data.getFeatures())))
                .isLessThanOrEqualTo(1e-12);
        assertThat(adapted.unmerge()).isSameAs(adapted.model());
        assertThat(adapted.detach().params()).isEqualTo(base.params());
        assertThat(adapted.detach().getLayerWiseConfigurations().toJson()).isEqualTo(json);
    }

    @Test
    void graph_livesTheSameLife() {
        ComputationGraph base = Networks.graph(DataType.DOUBLE);
        String json = base.getConfiguration().toJson();
        INDArray expected = base.outputSingle(data.getFeatures());
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, CONFIG);

        assertThat(adapted.model().outputSingle(data.getFeatures())).isEqualTo(expected);
        adapted.model().fit(data);
        ComputationGraph merged = adapted.merge();

        assertThat(merged.getConfiguration().toJson()).isEqualTo(json);
        assertThat(Networks.difference(
                        merged.outputSingle(data.getFeatures()), adapted.model().outputSingle(data.getFeatures())))
                .isLessThanOrEqualTo(1e-12);
        assertThat(adapted.detach().params()).isEqualTo(base.params());
        assertThat(adapted.model().summary()).contains("WloraA");
    }

    @Test
    void clone_isAnotherNetworkOnTheSameBase_withItsOwnHandle() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(Networks.dense(DataType.DOUBLE), CONFIG);
        adapted.model().fit(data);
        MultiLayerNetwork copy = adapted.model().clone();
        assertThat(copy.output(data.getFeatures())).isEqualTo(adapted.model().output(data.getFeatures()));

        copy.fit(data);
        assertThat(copy.params()).isNotEqualTo(adapted.model().params());
        AdaptedNetwork<MultiLayerNetwork> handle = LoraPlus.adapted(copy);
        assertThat(handle.config().toBuilder().targets(Targets.allLinear()).build())
                .isEqualTo(CONFIG);
        assertThat(handle.merge().output(data.getFeatures()).equalsWithEps(copy.output(data.getFeatures()), 1e-12))
                .isTrue();
    }

    @Test
    void json_roundTrips() {
        MultiLayerNetwork network =
                LoraPlus.attach(Networks.dense(DataType.DOUBLE), CONFIG).model();
        String json = network.getLayerWiseConfigurations().toJson();
        MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(json);
        assertThat(read.toJson()).isEqualTo(json);
        assertThat(read).isEqualTo(network.getLayerWiseConfigurations());

        MultiLayerNetwork restored = new MultiLayerNetwork(read);
        restored.init(network.params().dup(), false);
        assertThat(restored.output(data.getFeatures())).isEqualTo(network.output(data.getFeatures()));
    }

    @Test
    void disable_computesAsTheBase_untilTheLastHandleIsClosed() {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        INDArray expected = base.output(data.getFeatures());
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);
        Networks.fill(adapted.model().params(), 3);
        INDArray trained = adapted.model().output(data.getFeatures());

        try (Disabled outer = adapted.disable()) {
            try (Disabled inner = adapted.disable()) {
                inner.close();
                assertThat(adapted.model().output(data.getFeatures())).isEqualTo(expected);
            }
            assertThat(adapted.model().output(data.getFeatures())).isEqualTo(expected);
            assertThatThrownBy(adapted::merge)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("disabled");
            outer.close();
        }
        assertThat(adapted.model().output(data.getFeatures())).isEqualTo(trained);
    }

    @Test
    void frozenLayersWithoutTargets_stayFrozen() {
        LoraConfig one = LoraConfig.builder().rank(2).targets("fc2").build();
        MultiLayerNetwork network =
                LoraPlus.attach(Networks.dense(DataType.DOUBLE), one).model();
        assertThat(network.paramTable().keySet()).containsExactly("1_WloraA", "1_WloraB");
        network.fit(data);
        assertThat(network.score(data)).isFinite();
    }

    @Test
    void wrongTargets_listWhatExists_beforeAnythingIsBuilt() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        assertThatThrownBy(() -> LoraPlus.attach(
                        base, LoraConfig.builder().targets("query").build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'fc1.W' (DenseLayer [5, 7])");
        assertThatThrownBy(() -> LoraPlus.attach(
                        base, LoraConfig.builder().modulesToSave("head").build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'out' (OutputLayer)");
    }

    @Test
    void networksThatCannotBeAdapted_areRefusedInWords() {
        MultiLayerNetwork empty = new MultiLayerNetwork(
                Networks.dense(DataType.FLOAT).getLayerWiseConfigurations().clone());
        assertThatThrownBy(() -> LoraPlus.attach(empty, CONFIG)).hasMessageContaining("init()");
        assertThatThrownBy(() -> LoraPlus.attach(Networks.dense(DataType.HALF), CONFIG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HALF");
        MultiLayerNetwork adapted =
                LoraPlus.attach(Networks.dense(DataType.FLOAT), CONFIG).model();
        assertThatThrownBy(() -> LoraPlus.attach(adapted, CONFIG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("already");
        MultiLayerNetwork noRate = Networks.dense(DataType.FLOAT, new AdaDelta());
        assertThatThrownBy(() -> LoraPlus.attach(noRate, CONFIG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("AdaDelta")
                .hasMessageContaining("'fc1'")
                .hasMessageContaining("'fc2'");
        assertThatThrownBy(() -> LoraPlus.adapted(Networks.dense(DataType.FLOAT)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no adapter");
    }

    @Test
    void missingBase_isNamedByLayerAndHash() {
        MultiLayerNetwork network =
                LoraPlus.attach(Networks.dense(DataType.DOUBLE), CONFIG).model();
        String json = network.getLayerWiseConfigurations().toJson();
        String id = ((LoraLayer) network.getLayerWiseConfigurations().getConf(0).getLayer())
                .spec()
                .origin()
                .baseId();
        MultiLayerConfiguration other = MultiLayerConfiguration.fromJson(json.replace(id, "0".repeat(64)));
        assertThatThrownBy(() -> new MultiLayerNetwork(other).init())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'fc1'")
                .hasMessageContaining("0".repeat(64))
                .hasMessageContaining("BaseWeightStore.register");
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void modelSerializer_restoresNetworkAndUpdater(Storage storage) throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        MultiLayerNetwork network = LoraPlus.attach(
                        base, CONFIG, NetworkOptions.defaults().withStorage(storage))
                .model();
        network.fit(data);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ModelSerializer.writeModel(network, bytes, true);
        MultiLayerNetwork restored =
                ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(bytes.toByteArray()), true);
        for (int i = 0; i < 3; i++) {
            network.fit(data);
            restored.fit(data);
        }
        assertThat(restored.params()).isEqualTo(network.params());
        assertThat(LoraPlus.adapted(restored).detach().params()).isEqualTo(base.params());
    }

    @Test
    void save_namesModulesByLayer(@TempDir Path folder) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(Networks.dense(DataType.FLOAT), CONFIG);
        Networks.fill(adapted.model().params(), 3);
        adapted.save(folder);
        PeftAdapterFile file = PeftAdapterFile.open(folder);
        assertThat(file.adaptedModules()).containsExactlyInAnyOrder("fc1", "fc2");
        assertThat(file.savedVariables()).containsExactlyInAnyOrder("out.weight", "out.bias");
        Adapter read = file.bind(List.of(
                Slot.factors("fc1", 5, 7),
                Slot.factors("fc2", 7, 6),
                Slot.saved("out.weight", new long[] {6, 3}, true),
                Slot.saved("out.bias", new long[] {3}, false)));
        assertThat(read.factors().get("fc1").a()).isEqualTo(adapted.model().getParam("0_WloraA"));
        assertThat(read.saved().get("out.weight").value())
                .isEqualTo(adapted.model().getParam("2_W"));
    }

    @Test
    void merge_refusesWeightsThatWouldNotBeFinite() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(Networks.dense(DataType.FLOAT), CONFIG);
        adapted.model().params().assign(Float.NaN);
        assertThatThrownBy(adapted::merge)
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("'fc1.W'");
    }

    @Test
    void targets_byIndexAndLayerClass_areResolved() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        assertThat(keys(base, Targets.index(1))).containsExactly("1_WloraA", "1_WloraB");
        assertThat(keys(base, Targets.layerClass(org.deeplearning4j.nn.conf.layers.OutputLayer.class)))
                .containsExactly("2_WloraA", "2_WloraB");
        assertThat(keys(base, Targets.glob("fc*").exclude("fc1"))).containsExactly("1_WloraA", "1_WloraB");
        assertThat(keys(base, Targets.named("out.W"))).containsExactly("2_WloraA", "2_WloraB");
    }

    private static Iterable<String> keys(MultiLayerNetwork base, Targets targets) {
        return LoraPlus.attach(
                        base, LoraConfig.builder().rank(2).targets(targets).build())
                .model()
                .paramTable()
                .keySet();
    }
}
