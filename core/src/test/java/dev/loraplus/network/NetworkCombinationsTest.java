package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Compares with what PEFT 0.21.2 makes of the same adapters, see {@code make_combinations.py}. */
class NetworkCombinationsTest {
    private static final Path GOLDEN = Path.of("src/test/resources/combinations/peft-0.21.2");

    private final MultiLayerNetwork base = words();
    private final NamedNetworks<MultiLayerNetwork> named = NamedNetworks.on(base);

    @ParameterizedTest
    @ValueSource(strings = {"linear", "linear-single", "linear-scaled", "cat", "cat-scaled", "svd", "svd-2", "svd-4"})
    void combination_changesWeightsAsPefts(String name) throws IOException {
        for (String part : new String[] {"one", "two", "three"}) {
            named.load(part, GOLDEN.resolve(part));
        }
        combine(name);
        Map<String, INDArray> deltas =
                Safetensors.read(GOLDEN.resolve("deltas.safetensors")).tensors();

        named.activate("new");

        MultiLayerNetwork merged = named.adapted().merge();
        int compared = 0;
        for (int i = 0; i < 3; i++) {
            String module = new String[] {"words", "fc1", "fc2"}[i];
            INDArray change =
                    merged.getLayer(i).getParam("W").sub(base.getLayer(i).getParam("W"));
            INDArray peft = deltas.get(name + "/" + module);
            if (peft != null) {
                INDArray expected = (i == 0 ? peft : peft.transpose()).castTo(DataType.DOUBLE);
                assertThat(Networks.difference(change, expected)).as(module).isLessThan(1e-6);
                compared++;
            } else {
                assertThat(change.amaxNumber().doubleValue()).as(module).isZero();
            }
        }
        assertThat(compared).isEqualTo(name.equals("linear-single") ? 1 : 3);
    }

    private void combine(String name) {
        Map<String, Double> all = shares("one", 0.5, "two", 1, "three", -0.75);
        switch (name) {
            case "linear" -> named.addLinear("new", shares("one", 0.7, "two", -0.4));
            case "linear-single" -> named.addLinear("new", shares("three", 1.5));
            case "linear-scaled" -> {
                named.setScale("one", 2.5);
                named.addLinear("new", shares("one", 0.7, "two", 0.4));
            }
            case "cat" -> named.addCat("new", shares("two", -1.2, "one", 0.5, "three", 0.3));
            case "cat-scaled" -> {
                named.setScale("one", -0.5);
                named.addCat("new", shares("one", 0.5, "two", -1.2));
            }
            case "svd" -> named.addSvd("new", all, OptionalInt.empty());
            case "svd-2" -> named.addSvd("new", all, OptionalInt.of(2));
            default -> {
                named.setScale("one", 3);
                named.addSvd("new", shares("two", 0.5, "one", -1), OptionalInt.of(4));
            }
        }
    }

    private static Map<String, Double> shares(Object... namesAndShares) {
        Map<String, Double> shares = new LinkedHashMap<>();
        for (int i = 0; i < namesAndShares.length; i += 2) {
            shares.put(Objects.toString(namesAndShares[i]), ((Number) namesAndShares[i + 1]).doubleValue());
        }
        return shares;
    }

    /** An embedding and two linear layers with the shapes of {@code make_combinations.py}. */
    private static MultiLayerNetwork words() {
        MultiLayerNetwork network = new MultiLayerNetwork(Networks.settings(DataType.DOUBLE, new Adam(0.01))
                .list()
                .layer(new EmbeddingLayer.Builder()
                        .name("words")
                        .nIn(11)
                        .nOut(5)
                        .build())
                .layer(new DenseLayer.Builder().name("fc1").nIn(5).nOut(7).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(7).nOut(4).build())
                .build());
        network.init();
        return network;
    }
}
