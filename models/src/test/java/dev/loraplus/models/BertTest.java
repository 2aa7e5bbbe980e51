package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares the graph with what transformers computes on the same files. */
class BertTest {
    private static final double LOGIT = 1e-5;

    private final Path golden = Fixture.resource("goldens/bert-qv");
    private final Path otherEps = Fixture.resource("bert-eps");

    @Test
    void golden_givesTheLogitsOfTransformers() throws IOException {
        BertWeights weights = BertWeights.read(golden.resolve("model"));
        JsonNode expected = Fixture.json(golden.resolve("expected.json"));

        SameDiff sd = Bert.classifier(weights);
        Map<String, INDArray> batch = Fixture.batch(expected, weights.config().labels(), DataType.FLOAT);

        assertThat(sd.outputSingle(batch, Bert.LOGITS).dup('c').data().asDouble())
                .containsExactly(Fixture.doubles(expected.get("base_logits")), within(LOGIT));
    }

    @Test
    void otherEpsilon_givesOutputsAndLossOfTransformers() throws IOException {
        BertWeights weights = BertWeights.read(otherEps);
        JsonNode expected = Fixture.json(otherEps.resolve("expected.json"));
        Map<String, INDArray> batch = Fixture.batch(expected, weights.config().labels(), DataType.FLOAT);

        Map<String, INDArray> out =
                Bert.classifier(weights).output(batch, Bert.LAST_HIDDEN_STATE, Bert.LOGITS, Bert.LOSS);

        assertThat(Fixture.get(out, Bert.LOGITS).dup('c').data().asDouble())
                .containsExactly(Fixture.doubles(expected.get("logits")), within(LOGIT));
        assertThat(Fixture.get(out, Bert.LOSS).getDouble(0))
                .isEqualTo(expected.get("loss").asDouble(), within(LOGIT));
        INDArray mask = Fixture.get(batch, Bert.ATTENTION_MASK);
        double[] hidden = Fixture.doubles(expected.get("last_hidden_state"));
        int width = weights.config().hiddenSize();
        INDArray actual = Fixture.get(out, Bert.LAST_HIDDEN_STATE);
        for (long i = 0; i < hidden.length; i++) {
            long token = i / width;
            if (mask.getDouble(token / mask.size(1), token % mask.size(1)) == 1) {
                assertThat(actual.getDouble(token / mask.size(1), token % mask.size(1), i % width))
                        .isEqualTo(hidden[(int) i], within(LOGIT));
            }
        }
    }

    @Test
    void otherEpsilon_givesTheGradientsOfTorch() throws IOException {
        BertWeights weights = BertWeights.read(otherEps);
        JsonNode expected = Fixture.json(otherEps.resolve("expected.json"));
        List<String> names = new ArrayList<>();
        expected.get("gradients").fieldNames().forEachRemaining(names::add);

        Map<String, INDArray> gradients = Fixture.gradients(
                Bert.classifier(weights),
                Fixture.batch(expected, weights.config().labels(), DataType.FLOAT),
                names);

        for (String name : names) {
            INDArray gradient = Fixture.get(gradients, name);
            INDArray torch = BertTensors.isLinearWeight(name) ? gradient.transpose() : gradient;
            assertThat(torch.dup('c').data().asDouble())
                    .as(name)
                    .containsExactly(Fixture.doubles(expected.get("gradients").get(name)), within(LOGIT));
        }
    }

    @Test
    void savedAndLoaded_givesTheSameLogits(@TempDir File folder) throws IOException {
        SameDiff sd = Bert.classifier(BertWeights.read(otherEps));
        Map<String, INDArray> batch = Fixture.batch(Fixture.json(otherEps.resolve("expected.json")), 4, DataType.FLOAT);
        File file = new File(folder, "bert.fb");
        sd.save(file, false);

        INDArray loaded = SameDiff.load(file, false).outputSingle(batch, Bert.LOGITS);

        assertThat(loaded).isEqualTo(sd.outputSingle(batch, Bert.LOGITS));
    }

    @Test
    void classifier_holdsACopyOfEveryTensorAsVariable() {
        BertWeights weights = Fixture.random(new BertConfig(6, 1, 2, 10, 11, 7, 2, 1e-12, 3), DataType.FLOAT, 5);

        SameDiff sd = Bert.classifier(weights);

        weights.tensors().forEach((name, array) -> {
            assertThat(sd.getVariable(name).getVariableType()).isEqualTo(VariableType.VARIABLE);
            assertThat(sd.getArrForVarName(name)).isEqualTo(array).isNotSameAs(array);
            assertThat(sd.getArrForVarName(name).data().sameUnderlyingData(array.data()))
                    .isFalse();
        });
        assertThat(sd.variables().stream().filter(v -> v.getVariableType() == VariableType.VARIABLE))
                .hasSameSizeAs(weights.tensors().keySet());
    }
}
