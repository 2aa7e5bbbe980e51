package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.WeightCase.Limit;
import dev.loraplus.samediff.gradient.Gradients;
import dev.loraplus.samediff.surgery.GraphEdit;
import dev.loraplus.samediff.surgery.Graphs;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** DoRA at every kind of use of a weight, against graphs whose weight was changed by plain loops. */
class DoraFormsTest {
    private static final LoraConfig DORA =
            WeightCase.CONFIG.toBuilder().dora(true).rsLora(true).build();

    static Stream<WeightCase> cases() {
        return WeightCases.all();
    }

    static Stream<WeightCase> trainable() {
        return WeightCases.all()
                .filter(c ->
                        c.name().equals("gather") || (c.can(Limit.GRADIENT_FAILS) && c.can(Limit.GRADIENT_IS_WRONG)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void start_changesNoBitOfAnyOutput(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        INDArray before = outputs(graph).get("out").dup();
        LoraPlus.attach(graph, DORA);
        assertThat(outputs(graph).get("out").equalsWithEps(before, 0)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void adapter_actsAsTheChangedWeight_attachedAndMerged_andLeavesNoTrace(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        GraphSnapshot before = GraphSnapshot.of(graph);
        INDArray original = graph.getVariable("w").getArr().dup();
        AdaptedGraph adapted = LoraPlus.attach(graph, DORA);
        Fixtures.fill(adapted, 77);
        Map<String, INDArray> expected =
                expected(weight, adapted.adapter().factors().get("w"));
        assertClose(outputs(graph), expected);
        adapted.merge();
        assertClose(outputs(graph), expected);
        adapted.unmerge();
        assertThat(graph.getVariable("w").getArr().equalsWithEps(original, 0)).isTrue();
        assertClose(outputs(graph), expected);
        adapted.detach();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    /** Central differences of the loss, with the lengths at the values that they have. */
    @ParameterizedTest
    @MethodSource("trainable")
    void gradients_areThoseOfTheLossWithLengthsHeld(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        AdaptedGraph adapted = LoraPlus.attach(graph, DORA);
        Fixtures.fill(adapted, 77);
        Map<String, INDArray> batch = WeightCase.batch(graph);
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-3).progress(false).build()) {
            trainer.gradients(batch).forEach((name, value) -> gradients.put(name, value.dup()));
        }
        hold(graph, batch);
        Map<String, INDArray> numeric = Gradients.byDifferences(graph, batch, List.of("loss"), gradients.keySet());
        assertThat(gradients).containsOnlyKeys("w.lora_A", "w.lora_B", "w.lora_magnitude");
        gradients.forEach((name, gradient) -> assertThat(Gradients.distance(gradient, numeric.get(name)))
                .as(name)
                .isLessThan(1e-6));
    }

    /** Puts a constant in the place of the lengths. */
    private static void hold(SameDiff graph, Map<String, INDArray> batch) {
        INDArray lengths = graph.output(batch, "w.lora_held").get("w.lora_held").dup();
        GraphEdit edit = new GraphEdit(graph);
        for (String reader : Graphs.readers(graph, "w.lora_held")) {
            edit.replaceInput(
                    Graphs.operation(graph, reader),
                    graph.getVariable("w.lora_held"),
                    graph.constant("lengths" + reader, lengths));
        }
    }

    private static Map<String, INDArray> outputs(SameDiff graph) {
        return Gradients.stockOutput(graph, WeightCase.batch(graph), List.of("out", "loss"));
    }

    private static Map<String, INDArray> expected(WeightCase weight, Factors factors) {
        double[] values =
                weight.changedWeight(factors, 3 / Math.sqrt(2)).ravel().toDoubleVector();
        double[] magnitude = factors.magnitude().toDoubleVector();
        double[] squares = new double[magnitude.length];
        for (int i = 0; i < values.length; i++) {
            squares[output(weight, i)] += values[i] * values[i];
        }
        for (int i = 0; i < values.length; i++) {
            int out = output(weight, i);
            values[i] *= magnitude[out] / Math.sqrt(squares[out]);
        }
        SameDiff plain = weight.graph(DataType.DOUBLE);
        plain.getVariable("w").getArr().assign(Nd4j.createFromArray(values).reshape('c', weight.shape()));
        return outputs(plain);
    }

    /** Returns which output a value of the weight belongs to. */
    private static int output(WeightCase weight, int flat) {
        int out = 0;
        int behind = 1;
        int rest = flat;
        for (int d = weight.shape().length - 1; d >= 0; d--) {
            int size = (int) weight.shape()[d];
            if (weight.sides().charAt(d) == 'o') {
                out += rest % size * behind;
                behind *= size;
            }
            rest /= size;
        }
        return out;
    }

    private static void assertClose(Map<String, INDArray> got, Map<String, INDArray> expected) {
        expected.forEach((name, value) ->
                assertThat(Gradients.distance(got.get(name), value)).as(name).isLessThan(1e-12));
    }
}
