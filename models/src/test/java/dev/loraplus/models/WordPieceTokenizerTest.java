package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;

/** Expected numbers are those of Python's transformers 5.23.0 with the same tokenizer.json. */
class WordPieceTokenizerTest {
    private static final List<String> TEXTS = List.of(
            "a person who writes computer programs",
            "The unaffable cat's naïve café, 3.14!",
            "electroencephalography",
            "",
            "东京 tower");

    private static WordPieceTokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        tokenizer = MiniLm.tokenizer();
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void encode_givesTheNumbersOfTransformers() {
        assertThat(tokenizer.encode(TEXTS, 64))
                .containsExactly(
                        new int[] {101, 1037, 2711, 2040, 7009, 3274, 3454, 102},
                        new int[] {
                            101, 1996, 14477, 20961, 3468, 4937, 1005, 1055, 15743, 7668, 1010, 1017, 1012, 2403, 999,
                            102
                        },
                        new int[] {101, 16175, 10127, 21890, 21197, 26228, 102},
                        new int[] {101, 102},
                        new int[] {101, 100, 1755, 3578, 102});
    }

    @Test
    void encode_cutsAtMaxLengthAndKeepsTheLastToken() {
        assertThat(tokenizer.encode(TEXTS.subList(1, 2), 6))
                .containsExactly(new int[] {101, 1996, 14477, 20961, 3468, 102});
    }

    @Test
    void encode_doesNotCutWhereTheFileWould() {
        assertThat(tokenizer.encode(List.of("word ".repeat(300)), 512).get(0)).hasSize(302);
    }

    @Test
    void encode_refusesALengthWithoutRoomForTheSpecialTokens() {
        assertThatThrownBy(() -> tokenizer.encode(TEXTS, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("maxLength must be >= 2");
    }

    @Test
    void read_refusesATextThatIsNoTokenizer() {
        InputStream text = new ByteArrayInputStream("{\"model\": 1}".getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> WordPieceTokenizer.read(text))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("must be a tokenizer.json");
    }

    @Test
    void batch_padsWithZerosToTheLongestOrToTheLengthAsked() {
        List<int[]> texts = List.of(new int[] {101, 7, 102}, new int[] {101, 102});

        TokenBatch batch = TokenBatch.of(texts);
        TokenBatch wider = TokenBatch.of(texts, 5);

        assertThat(batch.inputIds().dataType()).isEqualTo(DataType.INT);
        assertThat(batch.inputIds().toIntMatrix()).isDeepEqualTo(new int[][] {{101, 7, 102}, {101, 102, 0}});
        assertThat(batch.attentionMask().toFloatMatrix()).isDeepEqualTo(new float[][] {{1, 1, 1}, {1, 1, 0}});
        assertThat(wider.inputIds().shape()).containsExactly(2, 5);
        assertThatThrownBy(() -> TokenBatch.of(texts, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Text 0 must have <= 2 tokens, got 3");
    }
}
