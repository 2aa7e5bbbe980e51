package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Copies and files of networks whose factors started from the weights. */
class TakenStartCopiesTest {
    private static final INDArray INPUT = Networks.uniform(DataType.DOUBLE, 9, Networks.BATCH, Networks.IN);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource(Storage.class)
    void copiesOfANetwork_computeAlike_andLearnAlike(Storage storage) throws Exception {
        MultiLayerNetwork base = Networks.dense(DataType.DOUBLE);
        MultiLayerNetwork network = trained(LoraPlus.attach(base, targeting("fc1", "fc2"), stored(storage)))
                .model();
        Path zip = folder.resolve("network.zip");
        network.save(zip.toFile());

        assertAlike(base, network.clone(), network);
        assertAlike(base, serialized(network).clone(), network); // DL4J leaves listeners null
        assertAlike(base, MultiLayerNetwork.load(zip.toFile(), true), network);
        INDArray output = network.output(INPUT);
        assertThat(network.toComputationGraph().outputSingle(INPUT).equalsWithEps(output, 0))
                .isTrue();
    }

    private static void assertAlike(MultiLayerNetwork base, MultiLayerNetwork copy, MultiLayerNetwork original) {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.adapted(copy);
        assertThat(adapted.config().initialization()).isEqualTo(Initialization.PISSA);
        assertThat(copy.output(INPUT).equalsWithEps(original.output(INPUT), 0)).isTrue();
        assertThat(adapted.detach().params().equalsWithEps(base.params(), 0)).isTrue();
        assertThat(Networks.difference(adapted.merge().output(INPUT), copy.output(INPUT)))
                .isLessThan(1e-14);
        MultiLayerNetwork twin = original.clone();
        twin.fit(Networks.data(DataType.DOUBLE));
        copy.fit(Networks.data(DataType.DOUBLE));
        assertThat(copy.params().equalsWithEps(twin.params(), 0)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void copiesOfAGraph_computeAlike(Storage storage) throws Exception {
        ComputationGraph base = Networks.graph(DataType.DOUBLE);
        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, targeting("left", "right"), stored(storage));
        ComputationGraph graph = adapted.model();
        graph.fit(Networks.data(DataType.DOUBLE));
        graph.fit(Networks.data(DataType.DOUBLE));
        Path zip = folder.resolve("graph.zip");
        graph.save(zip.toFile());
        INDArray output = graph.outputSingle(INPUT);
        assertThat(Networks.difference(output, base.outputSingle(INPUT))).isGreaterThan(1e-3);
        for (ComputationGraph copy : new ComputationGraph[] {
            graph.clone(), serialized(graph).clone(), ComputationGraph.load(zip.toFile(), true)
        }) {
            assertThat(copy.outputSingle(INPUT).equalsWithEps(output, 0)).isTrue();
            assertThat(LoraPlus.adapted(copy).detach().params().equalsWithEps(base.params(), 0))
                    .isTrue();
        }
    }

    /** The file holds A and B alone; what they started from is computed from the base again. */
    @ParameterizedTest
    @EnumSource(
            value = Initialization.class,
            names = {"PISSA", "OLORA"})
    void savedAdapter_computesTheSameOnItsBase(Initialization initialization) throws IOException {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        LoraConfig config = targeting("fc1", "fc2").toBuilder()
                .initialization(initialization)
                .build();
        AdaptedNetwork<MultiLayerNetwork> adapted = trained(LoraPlus.attach(base, config));
        adapted.save(folder);

        AdaptedNetwork<MultiLayerNetwork> read = LoraPlus.load(base, folder);

        assertThat(read.config().initialization()).isEqualTo(initialization);
        assertThat(read.model().params().equalsWithEps(adapted.model().params(), 0))
                .isTrue();
        INDArray input = INPUT.castTo(DataType.FLOAT);
        assertThat(read.model().output(input).equalsWithEps(adapted.model().output(input), 0))
                .isTrue();
        assertThat(read.detach().params().equalsWithEps(base.params(), 0)).isTrue();
        assertThat(read.describe()).isEqualTo(adapted.describe());
    }

    private static AdaptedNetwork<MultiLayerNetwork> trained(AdaptedNetwork<MultiLayerNetwork> adapted) {
        DataType type = adapted.model().params().dataType();
        for (int i = 0; i < 3; i++) {
            adapted.model().fit(Networks.data(type));
        }
        return adapted;
    }

    private static LoraConfig targeting(String... layers) {
        return TakenStartTest.config(Initialization.PISSA).toBuilder()
                .targets(layers)
                .modulesToSave("out")
                .build();
    }

    private static NetworkOptions stored(Storage storage) {
        return NetworkOptions.defaults().withStorage(storage);
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
