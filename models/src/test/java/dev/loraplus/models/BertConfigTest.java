package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BertConfigTest {
    private static final String SIZES = """
            "hidden_size": 12, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 20,
            "vocab_size": 31, "max_position_embeddings": 9, "type_vocab_size": 2, "layer_norm_eps": 1e-5,
            """;

    @Test
    void read_takesSizesAndCountsLabelNames(@TempDir Path folder) throws IOException {
        Path file = config(
                folder,
                "{" + SIZES + "\"model_type\": \"bert\", \"id2label\": {\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}}");

        assertThat(BertConfig.read(file)).isEqualTo(new BertConfig(12, 2, 3, 20, 31, 9, 2, 1e-5, 3));
    }

    @Test
    void read_prefersNumLabelsAndTakesTwoWithoutAny(@TempDir Path folder) throws IOException {
        String bert = SIZES + "\"model_type\": \"bert\"";

        assertThat(BertConfig.read(config(folder, "{" + bert + ", \"num_labels\": 7}"))
                        .labels())
                .isEqualTo(7);
        assertThat(BertConfig.read(config(folder, "{" + bert + "}")).labels()).isEqualTo(2);
    }

    @Test
    void read_listsEverythingThatIsNoBert(@TempDir Path folder) throws IOException {
        Path file = config(
                folder,
                "{\"model_type\": \"gpt2\", \"hidden_act\": \"relu\","
                        + " \"position_embedding_type\": \"relative_key\", \"hidden_size\": \"wide\"}");

        assertThatThrownBy(() -> BertConfig.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        file.toString(),
                        "'model_type' must be \"bert\", got \"gpt2\"",
                        "'hidden_act' must be \"gelu\", got \"relu\"",
                        "'position_embedding_type' must be \"absolute\", got \"relative_key\"",
                        "'hidden_size' must be an integer >= 1, got \"wide\"",
                        "'vocab_size' must be an integer >= 1, got nothing");
    }

    @Test
    void read_refusesAWidthThatHeadsDoNotDivide(@TempDir Path folder) throws IOException {
        Path file = config(folder, "{" + SIZES.replace("12", "13") + "\"model_type\": \"bert\"}");

        assertThatThrownBy(() -> BertConfig.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("hidden_size must be a multiple of num_attention_heads = 3, got 13");
    }

    @Test
    void constructor_listsEveryQuantityOutOfRange() {
        assertThatThrownBy(() -> new BertConfig(6, 0, 2, 10, -1, 7, 2, 0, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("num_hidden_layers", "vocab_size must be >= 1, got -1", "layer_norm_eps");
    }

    private Path config(Path folder, String json) throws IOException {
        return Files.writeString(folder.resolve("config.json"), json);
    }
}
