package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.io.Safetensors;
import dev.loraplus.samediff.gradient.Gradients;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters that PEFT 0.21.2 wrote, one for each option, against the outputs that PEFT computed with them. */
class PeftOptionsTest {
    private static final Path GOLDENS = Path.of("src/test/resources/peft-0.21.2-options");
    private static final double LIMIT = 1e-5;

    static Stream<String> cases() throws IOException {
        try (Stream<Path> folders = Files.list(GOLDENS)) {
            List<String> names = folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
            return names.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void adapterOfPeft_computesWhatPeftComputes_andComesOff(String name, @TempDir Path folder) throws IOException {
        JsonNode expected = new ObjectMapper()
                .readTree(GOLDENS.resolve(name + "/expected.json").toFile());
        SameDiff graph = graph();
        INDArray base = output(graph, expected);
        AdaptedGraph adapted = LoraPlus.load(graph, GOLDENS.resolve(name));
        assertThat(output(graph, expected).sub(base).amaxNumber().doubleValue()).isGreaterThan(1e-3);
        assertClose(output(graph, expected), expected.get("out"));
        if (!expected.get("residual").isNull()) {
            INDArray residual = array(expected.get("residual"), 12, 5).transpose();
            assertThat(Gradients.distance(graph.getVariable("lin.weight").getArr(), residual))
                    .isLessThan(LIMIT);
        }
        adapted.merge();
        assertClose(output(graph, expected), expected.get("merged"));
        adapted.unmerge();
        adapted.save(folder);
        adapted.detach();
        assertThat(output(graph, expected).equalsWithEps(base, 0)).isTrue();
        assertThat(Safetensors.read(folder.resolve("adapter_model.safetensors")).tensors())
                .containsExactlyInAnyOrderEntriesOf(
                        Safetensors.read(GOLDENS.resolve(name + "/adapter_model.safetensors"))
                                .tensors());
    }

    /** What PEFT starts from is what we start from, up to signs that A and B share. */
    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa-rslora", "olora"})
    void startOfAChangedBase_isThatOfPeft(String name) throws IOException {
        JsonNode expected = new ObjectMapper()
                .readTree(GOLDENS.resolve(name + "/expected.json").toFile());
        SameDiff graph = graph();
        LoraConfig config = LoraPlus.load(graph(), GOLDENS.resolve(name)).config();
        LoraPlus.attach(graph, config);
        INDArray residual = array(expected.get("residual"), 12, 5).transpose();
        assertThat(Gradients.distance(graph.getVariable("lin.weight").getArr(), residual))
                .isLessThan(LIMIT);
    }

    private static INDArray output(SameDiff graph, JsonNode expected) {
        INDArray ids = array(expected.get("ids"), 4).castTo(DataType.INT);
        return Fixtures.output(graph, Map.of("ids", ids), "out");
    }

    private static void assertClose(INDArray got, JsonNode expected) {
        assertThat(got.castTo(DataType.DOUBLE)
                        .sub(array(expected, 4, 3))
                        .amaxNumber()
                        .doubleValue())
                .isLessThan(LIMIT);
    }

    private static INDArray array(JsonNode numbers, long... shape) {
        double[] values = new double[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = numbers.get(i).asDouble();
        }
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    /** The model of generate.py, in ND4J's layouts. */
    private static SameDiff graph() throws IOException {
        Map<String, INDArray> torch =
                Safetensors.read(GOLDENS.resolve("model.safetensors")).tensors();
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, 4);
        SDVariable table = graph.var("table.weight", torch.get("table.weight").dup('c'));
        SDVariable lin =
                graph.var("lin.weight", torch.get("lin.weight").transpose().dup('c'));
        SDVariable linBias = graph.var("lin.bias", torch.get("lin.bias").dup('c'));
        SDVariable conv = graph.var(
                "conv.weight", torch.get("conv.weight").permute(2, 3, 1, 0).dup('c'));
        SDVariable convBias = graph.var("conv.bias", torch.get("conv.bias").dup('c'));
        SDVariable head =
                graph.var("head.weight", torch.get("head.weight").transpose().dup('c'));
        SDVariable hidden =
                graph.math.tanh(graph.gather(table, ids, 0).mmul(lin).add(linBias));
        Conv2DConfig config = Conv2DConfig.builder().kH(2).kW(3).build();
        SDVariable image = graph.cnn.conv2d(hidden.reshape(-1, 1, 3, 4), conv, convBias, config);
        image.mean(2, 3).mmul("out", head);
        return graph;
    }
}
