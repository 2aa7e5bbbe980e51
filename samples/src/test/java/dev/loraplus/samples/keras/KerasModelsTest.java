package dev.loraplus.samples.keras;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Adapts models that Keras 2 wrote; {@code samples/scripts/make_keras_models.py} made them and what they compute. */
class KerasModelsTest {
    private static final String VERSION = "-tf_keras-2.21.0";
    private static final int STEPS = 20;
    private static final double TOLERANCE = 1e-5;

    @Test
    void sequential_computesAsInKeras_andLearnsWithItsBaseKept() throws Exception {
        MultiLayerNetwork base = KerasModelImport.importKerasSequentialModelAndWeights(file("sequential", ".h5"), true);
        JsonNode golden = golden("sequential");
        INDArray input = array(golden.at("/inputs/0"));
        INDArray expected = array(golden.at("/outputs"));
        assertSame(base.output(input), expected);
        INDArray parameters = base.params().dup();

        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, config("dense", "conv"), withoutDropout());
        MultiLayerNetwork network = adapted.model();
        assertSame(network.output(input), expected);
        DataSet batch = new DataSet(input, rotated(expected));
        double before = network.score(batch);
        for (int step = 0; step < STEPS; step++) {
            network.fit(batch);
        }

        assertThat(network.score(batch)).isLessThan(before);
        assertSame(adapted.merge().output(input), network.output(input));
        assertThat(base.params()).isEqualTo(parameters);
    }

    @Test
    void functional_computesAsInKeras_andLearnsWithItsBaseKept() throws Exception {
        ComputationGraph base = KerasModelImport.importKerasModelAndWeights(file("functional", ".h5"), true);
        JsonNode golden = golden("functional");
        INDArray[] inputs = {array(golden.at("/inputs/0")), array(golden.at("/inputs/1"))};
        INDArray expected = array(golden.at("/outputs"));
        assertSame(base.outputSingle(inputs), expected);
        INDArray parameters = base.params().dup();

        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, config("hidden", "from_right"));
        ComputationGraph network = adapted.model();
        assertSame(network.outputSingle(inputs), expected);
        MultiDataSet batch = new MultiDataSet(inputs, new INDArray[] {rotated(expected)});
        double before = network.score(batch);
        for (int step = 0; step < STEPS; step++) {
            network.fit(batch);
        }

        assertThat(network.score(batch)).isLessThan(before);
        assertSame(adapted.merge().outputSingle(inputs), network.outputSingle(inputs));
        assertThat(base.params()).isEqualTo(parameters);
    }

    private static LoraConfig config(String... targets) {
        return LoraConfig.builder()
                .rank(2)
                .targets(targets)
                .modulesToSave("head")
                .build();
    }

    /**
     * The import gives every layer a dropout that keeps all inputs; in a convolution of NHWC images Deeplearning4j M2.1
     * then fails in the backward pass, adapted or not.
     */
    private static NetworkOptions withoutDropout() {
        return NetworkOptions.defaults()
                .withFineTune(new FineTuneConfiguration.Builder().dropOut(0).build());
    }

    /** One-hot labels: for each example, the class after the one that the base finds likeliest. */
    private static INDArray rotated(INDArray outputs) {
        INDArray labels = Nd4j.zeros(outputs.shape());
        for (long i = 0; i < outputs.rows(); i++) {
            long likeliest = outputs.getRow(i).argMax().getLong(0);
            labels.putScalar(i, (likeliest + 1) % outputs.columns(), 1);
        }
        return labels;
    }

    private static void assertSame(INDArray actual, INDArray expected) {
        assertThat(actual.shape()).containsExactly(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).isEqualTo(0, within(TOLERANCE));
    }

    private static INDArray array(JsonNode values) {
        JsonNode first = values;
        List<Long> shape = new ArrayList<>();
        while (first.isArray()) {
            shape.add((long) first.size());
            first = first.get(0);
        }
        List<Double> flat = new ArrayList<>();
        collect(values, flat);
        return Nd4j.create(
                        flat.stream().mapToDouble(Double::doubleValue).toArray(),
                        shape.stream().mapToLong(Long::longValue).toArray(),
                        'c')
                .castTo(DataType.FLOAT);
    }

    private static void collect(JsonNode values, List<Double> flat) {
        if (values.isArray()) {
            values.forEach(value -> collect(value, flat));
        } else {
            flat.add(values.doubleValue());
        }
    }

    private static JsonNode golden(String name) throws Exception {
        return new ObjectMapper().readTree(Path.of(file(name, ".json")).toFile());
    }

    private static String file(String name, String extension) throws Exception {
        return Path.of(KerasModelsTest.class
                        .getResource(name + VERSION + extension)
                        .toURI())
                .toString();
    }
}
