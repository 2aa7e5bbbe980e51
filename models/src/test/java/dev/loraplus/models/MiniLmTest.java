package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares all-MiniLM-L6-v2 as a SameDiff graph with ONNX Runtime on the same file. */
class MiniLmTest {
    private static final double TOLERANCE = 1e-4;

    private static final List<String> SENTENCES = List.of(
            "a person who writes computer programs",
            "The cat sat.",
            "a large natural stream of water (larger than a creek)",
            "the branch of physics concerned with the motion of bodies in a frame of reference, and with forces",
            "electroencephalography",
            "Why did they leave so early, and without a word to anyone?",
            "make a copy or equivalent of; \"he could not duplicate the results of the first experiment\"",
            "in an irritating manner",
            "3.14159 is not a rational number",
            "any of several small ungulate mammals of Africa and Asia with rodent-like incisors and feet with hooflike"
                    + " toes, found in rocky places from the Cape to Syria, where whole families bask in the morning sun");

    @Test
    void tokenEmbeddings_agreeWithOnnxRuntimeForEveryBatchAndLength() throws IOException, OrtException {
        SameDiff sd = Bert.classifier(MiniLm.weights(45, 7));
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (WordPieceTokenizer tokenizer = MiniLm.tokenizer();
                OrtSession session = environment.createSession(onnxFile())) {
            List<int[]> ids = tokenizer.encode(SENTENCES, 128);
            List<TokenBatch> batches = List.of(
                    TokenBatch.of(ids),
                    TokenBatch.of(ids.subList(0, 3)),
                    TokenBatch.of(ids.subList(3, 8), 48),
                    TokenBatch.of(ids.subList(9, 10)),
                    TokenBatch.of(ids.subList(1, 2), 64));
            double tokens = 0;
            double pooled = 0;
            for (TokenBatch batch : batches) {
                Map<String, INDArray> ours =
                        sd.output(batch.placeholders(), Bert.LAST_HIDDEN_STATE, Bert.POOLER_OUTPUT);
                INDArray[] theirs = run(environment, session, batch);
                INDArray difference = Fixture.get(ours, Bert.LAST_HIDDEN_STATE).sub(theirs[0]);
                difference.muli(Nd4j.expandDims(batch.attentionMask(), 2).broadcast(difference.shape()));
                tokens = Math.max(tokens, difference.amaxNumber().doubleValue());
                pooled = Math.max(
                        pooled,
                        Fixture.get(ours, Bert.POOLER_OUTPUT)
                                .sub(theirs[1])
                                .amaxNumber()
                                .doubleValue());
            }
            System.out.printf("MiniLM against ONNX Runtime: tokens %.1e, pooler %.1e%n", tokens, pooled);
            assertThat(tokens).isLessThan(TOLERANCE);
            assertThat(pooled).isLessThan(TOLERANCE);
        }
    }

    @Test
    void newHead_dependsOnTheSeedOnly() throws IOException {
        INDArray first = Fixture.get(MiniLm.weights(3, 1).tensors(), "classifier.weight");
        Map<String, INDArray> again = MiniLm.weights(3, 1).tensors();

        assertThat(Fixture.get(again, "classifier.weight")).isEqualTo(first);
        assertThat(first.shape()).containsExactly(384, 3);
        assertThat(first.stdNumber().doubleValue()).isBetween(0.018, 0.022);
        assertThat(Fixture.get(again, "classifier.bias").sumNumber().doubleValue())
                .isZero();
    }

    @Test
    void truncatedModel_isRefused() throws IOException {
        InputStream half = new ByteArrayInputStream(Arrays.copyOf(onnxFile(), 40_000_000));

        assertThatThrownBy(() -> OnnxModel.read(half))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("one complete ONNX model");
    }

    private static byte[] onnxFile() throws IOException {
        try (InputStream in = Objects.requireNonNull(MiniLmTest.class.getResourceAsStream("/all-minilm-l6-v2.onnx"))) {
            return in.readAllBytes();
        }
    }

    /** Returns token embeddings and pooler output. */
    private static INDArray[] run(OrtEnvironment environment, OrtSession session, TokenBatch batch)
            throws OrtException {
        INDArray types = Nd4j.zeros(DataType.INT64, batch.inputIds().shape());
        try (OnnxTensor ids = longs(environment, batch.inputIds());
                OnnxTensor mask = longs(environment, batch.attentionMask());
                OnnxTensor typeIds = longs(environment, types);
                OrtSession.Result result =
                        session.run(Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", typeIds))) {
            return new INDArray[] {
                Nd4j.createFromArray((float[][][]) result.get(0).getValue()),
                Nd4j.createFromArray((float[][]) result.get(1).getValue())
            };
        }
    }

    private static OnnxTensor longs(OrtEnvironment environment, INDArray array) throws OrtException {
        return OnnxTensor.createTensor(environment, array.castTo(DataType.INT64).toLongMatrix());
    }
}
