package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class BertWeightsTest {
    private static final BertConfig TINY = new BertConfig(6, 1, 2, 10, 11, 7, 2, 1e-12, 3);

    private final Path golden = Fixture.resource("goldens/bert-qv/model");

    @Test
    void read_takesTheNamesOfPyTorchAndTransposesLinearWeights() throws IOException {
        Map<String, INDArray> tensors = BertWeights.read(golden).tensors();

        assertThat(Fixture.get(tensors, "bert.embeddings.word_embeddings.weight")
                        .shape())
                .containsExactly(100, 32);
        assertThat(Fixture.get(tensors, "bert.encoder.layer.1.intermediate.dense.weight")
                        .shape())
                .containsExactly(32, 64);
        assertThat(Fixture.get(tensors, "classifier.weight").shape()).containsExactly(32, 5);
        assertThat(Fixture.get(tensors, "classifier.weight").ordering()).isEqualTo('c');
    }

    @Test
    void readWithLabels_drawsANewHeadAndKeepsThePooler() throws IOException {
        Map<String, INDArray> old = BertWeights.read(golden).tensors();

        Map<String, INDArray> tensors = BertWeights.read(golden, 7, 3).tensors();

        assertThat(Fixture.get(tensors, "classifier.weight").shape()).containsExactly(32, 7);
        assertThat(Fixture.get(tensors, "bert.pooler.dense.weight"))
                .isEqualTo(Fixture.get(old, "bert.pooler.dense.weight"));
    }

    @Test
    void withNewHead_drawsAPoolerWhereThereIsNone() {
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(Fixture.random(TINY, DataType.FLOAT, 1).tensors());
        tensors.keySet().removeIf(name -> name.startsWith("bert.pooler"));

        BertWeights weights = BertWeights.of(TINY, NewHead.on(tensors, TINY, 1));

        assertThat(Fixture.get(weights.tensors(), "bert.pooler.dense.weight")
                        .amaxNumber()
                        .doubleValue())
                .isBetween(0.02, 0.1);
    }

    @Test
    void read_listsEveryTensorThatDoesNotFitTheConfiguration(@TempDir Path folder) throws IOException {
        Files.copy(golden.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        String config = Files.readString(golden.resolve("config.json"))
                .replace("\"vocab_size\": 100", "\"vocab_size\": 101")
                .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3");
        Files.writeString(folder.resolve("config.json"), config);

        assertThatThrownBy(() -> BertWeights.read(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        folder.toString(),
                        "'bert.embeddings.word_embeddings.weight' must be [101, 32], got [100, 32]",
                        "'bert.encoder.layer.2.attention.self.query.weight' is missing",
                        "'bert.encoder.layer.2.output.LayerNorm.bias' is missing");
    }

    @Test
    void read_saysWhatAFolderWithoutWeightsLacks(@TempDir Path folder) throws IOException {
        Files.copy(golden.resolve("config.json"), folder.resolve("config.json"));

        assertThatThrownBy(() -> BertWeights.read(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("has no 'model.safetensors'");
    }

    @Test
    void of_refusesALayerThatTheConfigurationDoesNotHaveAndAMixOfTypes() {
        Map<String, INDArray> tensors =
                new LinkedHashMap<>(Fixture.random(TINY, DataType.FLOAT, 1).tensors());
        tensors.put("bert.encoder.layer.1.output.dense.bias", Nd4j.zeros(DataType.FLOAT, 6));
        tensors.put("classifier.bias", Nd4j.zeros(DataType.DOUBLE, 3));

        assertThatThrownBy(() -> BertWeights.of(TINY, tensors))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "'bert.encoder.layer.1.output.dense.bias' has no place in it",
                        "'classifier.bias' must be FLOAT as the others, got DOUBLE");
    }
}
