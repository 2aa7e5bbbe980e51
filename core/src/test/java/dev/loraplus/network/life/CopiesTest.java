package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CopiesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Storage.class)
    void restoredNetwork_hasTheSameBits_andLearnsOnInTheSameWay(Storage storage) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        Path zip = folder.resolve("network.zip");
        ModelSerializer.writeModel(adapted.model(), zip.toFile(), true);
        MultiLayerNetwork restored = ModelSerializer.restoreMultiLayerNetwork(zip.toFile(), true);

        assertLearnsAlike(restored, adapted.model());
        Life.assertSame(
                LoraPlus.adapted(restored).merge().params(), adapted.merge().params());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void restoredGraph_hasTheSameBits_andLearnsOnInTheSameWay(Storage storage) throws IOException {
        AdaptedNetwork<ComputationGraph> adapted = Life.trainedGraph(storage);
        Path zip = folder.resolve("graph.zip");
        ModelSerializer.writeModel(adapted.model(), zip.toFile(), true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(zip.toFile(), true);

        assertLearnsAlike(restored, adapted.model());
        Life.assertSame(
                LoraPlus.adapted(restored).merge().params(), adapted.merge().params());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void javaSerialization_keepsNetworksAndGraphs(Storage storage) throws Exception {
        MultiLayerNetwork network = Life.trainedNetwork(storage).model();
        MultiLayerNetwork read = serialized(network);
        Life.assertSame(read.output(Life.input()), network.output(Life.input()));
        assertLearnsAlike(read.clone(), network); // DL4J leaves listeners null, plain networks can't fit either
        ComputationGraph graph = Life.trainedGraph(storage).model();
        ComputationGraph copy =
                serialized(graph).clone(); // it has no outputs, and no clone can fit, as in plain graphs
        Life.assertSame(copy.outputSingle(Life.input()), graph.outputSingle(Life.input()));
        Life.assertSame(
                copy.getUpdater().getStateViewArray(), graph.getUpdater().getStateViewArray());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void clone_learnsAlone(Storage storage) {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        MultiLayerNetwork untouched = adapted.model().clone();
        assertLearnsAlike(adapted.model().clone(), adapted.model().clone());
        Life.assertSame(adapted.model().params(), untouched.params());
        ComputationGraph graph = Life.trainedGraph(storage).model();
        ComputationGraph copy = graph.clone();
        copyCounts(graph.getIterationCount(), copy);
        assertLearnsAlike(copy, graph);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void toComputationGraph_computesAndMergesAsTheNetwork(Storage storage) {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        ComputationGraph graph = adapted.model().toComputationGraph();

        Life.assertSame(graph.outputSingle(Life.input()), adapted.model().output(Life.input()));
        copyCounts(adapted.model().getIterationCount(), graph);
        graph.fit(Life.data(5));
        adapted.model().fit(Life.data(5));
        Life.assertSame(graph.params(), adapted.model().params());
        Life.assertSame(
                LoraPlus.adapted(graph).merge().params(), adapted.merge().params());
        Life.assertSame(
                LoraPlus.adapted(graph).detach().params(), adapted.detach().params());
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void zip_isAsLargeAsWhatItHolds(Storage storage) throws IOException {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(storage);
        long trained = 2 * (5 + 7) + 2 * (7 + 6) + 6 * 3 + 3;
        long frozen = 5 * 7 + 7 + 7 * 6 + 6;
        assertThat(adapted.model().numParams()).isEqualTo(storage == Storage.EXTERNAL ? trained : trained + frozen);
        assertThat(adapted.model().getUpdater().getStateViewArray().length()).isEqualTo(2 * trained);
        Path zip = folder.resolve("network.zip");
        ModelSerializer.writeModel(adapted.model(), zip.toFile(), true);
        assertThat(Files.size(zip)).isPositive();
    }

    private static void assertLearnsAlike(MultiLayerNetwork one, MultiLayerNetwork other) {
        Life.assertSame(one.output(Life.input()), other.output(Life.input()));
        Life.assertSame(one.getUpdater().getStateViewArray(), other.getUpdater().getStateViewArray());
        for (int i = 5; i < 8; i++) {
            one.fit(Life.data(i));
            other.fit(Life.data(i));
        }
        Life.assertSame(one.params(), other.params());
        Life.assertSame(one.output(Life.input()), other.output(Life.input()));
    }

    private static void assertLearnsAlike(ComputationGraph one, ComputationGraph other) {
        Life.assertSame(one.outputSingle(Life.input()), other.outputSingle(Life.input()));
        Life.assertSame(one.getUpdater().getStateViewArray(), other.getUpdater().getStateViewArray());
        for (int i = 5; i < 8; i++) {
            one.fit(Life.data(i));
            other.fit(Life.data(i));
        }
        Life.assertSame(one.params(), other.params());
        Life.assertSame(one.outputSingle(Life.input()), other.outputSingle(Life.input()));
    }

    /** DL4J's copies of the configuration of a graph forget how far training is, in plain graphs too. */
    private static void copyCounts(int iteration, ComputationGraph copy) {
        copy.getConfiguration().setIterationCount(iteration);
    }

    @SuppressWarnings({"unchecked", "BanSerializableRead"})
    private static <T> T serialized(T object) throws IOException, ClassNotFoundException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(object);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (T) in.readObject();
        }
    }
}
