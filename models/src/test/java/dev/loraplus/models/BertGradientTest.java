package dev.loraplus.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares ND4J's gradients of the graph with finite differences of its loss along random directions, in DOUBLE. */
class BertGradientTest {
    private static final long SEED = 20240617;
    private static final double STEP = 1e-5;

    @ParameterizedTest
    @ValueSource(doubles = {1e-12, 1e-2})
    void gradients_areFiniteDifferencesOfTheLoss(double layerNormEps) {
        BertConfig config = new BertConfig(6, 1, 3, 10, 11, 7, 2, layerNormEps, 4);
        SameDiff sd = Bert.classifier(Fixture.random(config, DataType.DOUBLE, SEED));
        Map<String, INDArray> batch = Map.of(
                Bert.INPUT_IDS, Nd4j.createFromArray(new int[][] {{1, 4, 9, 2, 0}, {1, 10, 9, 9, 2}}),
                Bert.ATTENTION_MASK, Nd4j.createFromArray(new double[][] {{1, 1, 1, 1, 0}, {1, 1, 1, 1, 1}}),
                Bert.LABELS, Nd4j.createFromArray(new double[][] {{0, 0, 1, 0}, {1, 0, 0, 0}}));
        // ND4J 1.0.0-M2.1 has the gradient of its gather, so of the word embeddings, wrong.
        List<String> names = BertTensors.shapes(config).keySet().stream()
                .filter(name -> !name.contains("word_embeddings"))
                .toList();

        Map<String, INDArray> gradients = Fixture.gradients(sd, batch, names);

        Random random = new Random(SEED);
        for (String name : names) {
            INDArray direction = direction(sd.getArrForVarName(name), random);
            assertThat(Fixture.get(gradients, name).mul(direction).sumNumber().doubleValue())
                    .as("%s, seed %d", name, SEED)
                    .isEqualTo(difference(sd, batch, name, direction), within(1e-7));
        }
    }

    private static INDArray direction(INDArray weight, Random random) {
        INDArray direction = weight.ulike();
        for (long i = 0; i < direction.length(); i++) {
            direction.putScalar(i, random.nextGaussian());
        }
        return direction;
    }

    private static double difference(SameDiff sd, Map<String, INDArray> batch, String name, INDArray direction) {
        INDArray weight = sd.getArrForVarName(name);
        INDArray before = weight.dup();
        weight.addi(direction.mul(STEP));
        double above = sd.outputSingle(batch, Bert.LOSS).getDouble(0);
        weight.assign(before.sub(direction.mul(STEP)));
        double below = sd.outputSingle(batch, Bert.LOSS).getDouble(0);
        weight.assign(before);
        return (above - below) / (2 * STEP);
    }
}
