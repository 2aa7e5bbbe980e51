package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;

/** Every option through {@code adapter_config.json} and the tensors, and back onto a new copy of the graph. */
class OptionFilesTest {
    private final Path folder;

    OptionFilesTest(@TempDir Path folder) {
        this.folder = folder;
    }

    static Stream<Arguments> options() {
        return Stream.of(
                option("rank_pattern", "{\"layer.1.conv\":2,\"table\":4}", b -> b.rankPattern("layer.1.conv", 2)
                        .rankPattern("table", 4)),
                option("alpha_pattern", "{\"layer\\\\.[0-9].w\":0.5}", b -> b.alphaPattern("layer\\.[0-9].w", 0.5)),
                option("use_rslora", "true", b -> b.rsLora(true)),
                option("use_dora", "true", b -> b.dora(true)),
                option("lora_bias", "true", b -> b.targets("layer.0.w", "conv").loraBias(true)),
                option("bias", "\"all\"", b -> b.bias(Bias.ALL)),
                option("bias", "\"lora_only\"", b -> b.bias(Bias.LORA_ONLY)),
                option("layers_to_transform", "[1,2]", b -> b.targets("w", "conv")
                        .layersToTransform(1, 2)),
                option("layers_pattern", "[\"layer\"]", b -> b.targets("w", "conv")
                        .layersToTransform(1)
                        .layersPattern("layer")),
                option(
                        "target_modules",
                        "[\"net.layer.0.w\",\"net.table\"]",
                        b -> b.targets(Targets.glob("*").exclude("conv", "bias", "head"))),
                option("modules_to_save", "[\"head\"]", b -> b.modulesToSave("head")),
                option("init_lora_weights", "true", b -> b.initialization(Initialization.B_RANDOM_A_ZERO)),
                option("init_lora_weights", "\"gaussian\"", b -> b.initialization(Initialization.GAUSSIAN)),
                option("init_lora_weights", "\"orthogonal\"", b -> b.targets("layer.0.w", "conv")
                        .initialization(Initialization.ORTHOGONAL)),
                option("init_lora_weights", "\"pissa\"", b -> b.targets("layer.0.w")
                        .initialization(Initialization.PISSA)),
                option("init_lora_weights", "\"olora\"", b -> b.targets("layer.0.w")
                        .initialization(Initialization.OLORA)),
                option("lora_dropout", "0.0", b -> b.lambdaPattern("conv", 4).lambdaPattern("w", 2)),
                option("lora_alpha", "3", b -> b.embeddingRate(2e-4)));
    }

    private static Arguments option(String key, String json, UnaryOperator<LoraConfig.Builder> option) {
        return Arguments.of(key, json, option);
    }

    @ParameterizedTest(name = "{0} = {1}")
    @MethodSource("options")
    void saveThenLoad_givesTheSameConfigurationAndOutput(
            String key, String json, UnaryOperator<LoraConfig.Builder> option) throws IOException {
        LoraConfig.Builder plain = LoraConfig.builder().rank(2).alpha(3).targets("table", "layer.0.w", "layer.1.conv");
        LoraConfig config = option.apply(plain).build();
        SameDiff graph = graph();
        Map<String, INDArray> batch = WeightCase.batch(graph);
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        Fixtures.fill(adapted, 9);
        for (String name : adapted.adapter().saved().keySet()) {
            INDArray value = graph.getVariable(name).getArr();
            value.addi(Fixtures.random(name.hashCode(), DataType.FLOAT, value.shape()));
        }
        INDArray out = Fixtures.output(graph, batch, "out");
        adapted.save(folder);

        JsonNode file = new ObjectMapper()
                .readTree(folder.resolve("adapter_config.json").toFile());
        assertThat(file.get(key)).isEqualTo(new ObjectMapper().readTree(json));
        SameDiff other = graph();
        AdaptedGraph loaded = LoraPlus.load(other, folder);
        assertThat(Fixtures.output(other, batch, "out").equalsWithEps(out, 0)).isTrue();
        assertThat(loaded.config().toBuilder().targets("any").build())
                .isEqualTo(config.toBuilder().targets("any").build());
        assertThat(loaded.parameters()).isEqualTo(adapted.parameters());
        loaded.detach();
        assertThat(Fixtures.output(other, batch, "out").equalsWithEps(Fixtures.output(graph(), batch, "out"), 0))
                .isTrue();
    }

    /** PEFT's {@code lora.Embedding}, {@code lora.Conv2d} and their magnitudes, as its own files have them. */
    @Test
    void save_writesPeftsKeysAndShapes() throws IOException {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .alpha(3)
                .targets("table", "layer.0.w", "layer.1.conv")
                .bias(Bias.LORA_ONLY)
                .dora(true)
                .build();
        LoraPlus.attach(graph(), config).save(folder);
        Map<String, INDArray> tensors =
                Safetensors.read(folder.resolve("adapter_model.safetensors")).tensors();
        assertThat(tensors.keySet())
                .containsExactlyInAnyOrder(
                        "base_model.model.net.table.lora_embedding_A",
                        "base_model.model.net.table.lora_embedding_B",
                        "base_model.model.net.table.lora_magnitude_vector",
                        "base_model.model.net.layer.0.w.lora_A.weight",
                        "base_model.model.net.layer.0.w.lora_B.weight",
                        "base_model.model.net.layer.0.w.lora_magnitude_vector",
                        "base_model.model.net.layer.0.w.base_layer.bias",
                        "base_model.model.net.layer.1.conv.lora_A.weight",
                        "base_model.model.net.layer.1.conv.lora_B.weight",
                        "base_model.model.net.layer.1.conv.lora_magnitude_vector",
                        "base_model.model.net.layer.1.conv.base_layer.bias");
        assertThat(shape(tensors, "net.table.lora_embedding_A")).isEqualTo(List.of(2L, 9L));
        assertThat(shape(tensors, "net.table.lora_embedding_B")).isEqualTo(List.of(5L, 2L));
        assertThat(shape(tensors, "net.table.lora_magnitude_vector")).isEqualTo(List.of(5L));
        assertThat(shape(tensors, "net.layer.1.conv.lora_A.weight")).isEqualTo(List.of(2L, 1L, 2L, 3L));
        assertThat(shape(tensors, "net.layer.1.conv.lora_B.weight")).isEqualTo(List.of(4L, 2L, 1L, 1L));
        assertThat(shape(tensors, "net.layer.1.conv.lora_magnitude_vector")).isEqualTo(List.of(1L, 4L, 1L, 1L));
    }

    @Test
    void load_refusesOtherOptionsThanTheFiles() throws IOException {
        LoraPlus.attach(
                        graph(),
                        LoraConfig.builder().rank(2).targets("layer.0.w").build())
                .save(folder);
        for (UnaryOperator<LoraConfig.Builder> change : List.<UnaryOperator<LoraConfig.Builder>>of(
                b -> b.rsLora(true),
                b -> b.dora(true),
                b -> b.loraBias(true),
                b -> b.bias(Bias.ALL),
                b -> b.rankPattern("w", 3),
                b -> b.alphaPattern("w", 3),
                b -> b.layersToTransform(0),
                b -> b.initialization(Initialization.PISSA))) {
            assertThatThrownBy(() -> LoraPlus.load(graph(), folder, change))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("are those of the file");
        }
        assertThat(LoraPlus.load(graph(), folder, b -> b.lambda(3).lambdaPattern("w", 5))
                        .config()
                        .lambdaOf("net.layer.0.w"))
                .isEqualTo(5);
    }

    private static List<Long> shape(Map<String, INDArray> tensors, String name) {
        long[] shape = tensors.get("base_model.model." + name).shape();
        return Stream.of(shape).flatMapToLong(java.util.Arrays::stream).boxed().toList();
    }

    /** A table of 9 words, 5 wide; a linear layer to 12; a convolution of 1 channel of 3 by 4 to 4; a head. */
    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        DataType type = DataType.FLOAT;
        SDVariable ids = graph.placeHolder("ids", DataType.INT, 4);
        SDVariable table = graph.var("net.table.weight", Fixtures.random(1, type, 9, 5));
        SDVariable w = graph.var("net.layer.0.w.weight", Fixtures.random(2, type, 5, 12));
        SDVariable bias = graph.var("net.layer.0.w.bias", Fixtures.random(3, type, 12));
        SDVariable conv = graph.var("net.layer.1.conv.weight", Fixtures.random(4, type, 2, 3, 1, 4));
        SDVariable convBias = graph.var("net.layer.1.conv.bias", Fixtures.random(5, type, 4));
        SDVariable head = graph.var("net.head.weight", Fixtures.random(6, type, 4, 3));
        SDVariable hidden = graph.math.tanh(graph.gather(table, ids, 0).mmul(w).add(bias));
        Conv2DConfig config = Conv2DConfig.builder().kH(2).kW(3).build();
        SDVariable image = graph.cnn.conv2d(hidden.reshape(-1, 1, 3, 4), conv, convBias, config);
        SDVariable out = image.mean(2, 3).mmul("out", head);
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }
}
