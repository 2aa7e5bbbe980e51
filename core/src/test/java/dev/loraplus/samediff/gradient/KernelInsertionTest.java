package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class KernelInsertionTest {
    @ParameterizedTest
    @CsvSource({"2, true", "-1, true", "1, true", "0, true", "1;2, false", "2;1, false"})
    void layerNormOverAnyDimensions_hasTheGradientOfDifferences(String dimensions, boolean replaced) {
        int[] normed = java.util.Arrays.stream(dimensions.split(";"))
                .mapToInt(Integer::parseInt)
                .toArray();
        SameDiff wide = graph(DataType.DOUBLE, normed);
        AdaptedGraph adapted = attached(wide);
        Map<String, INDArray> wideBatch =
                Map.of("x", Fixtures.random(7, DataType.FLOAT, 15, 5).castTo(DataType.DOUBLE));
        Map<String, INDArray> expected =
                Gradients.byDifferences(wide, wideBatch, List.of("loss"), List.of("w.lora_A", "w.lora_B"));
        check(adapted, wideBatch, expected, 1e-7, replaced);
        check(
                attached(graph(DataType.FLOAT, normed)),
                Map.of("x", Fixtures.random(7, DataType.FLOAT, 15, 5)),
                expected,
                1e-5,
                replaced);
    }

    private static void check(
            AdaptedGraph adapted,
            Map<String, INDArray> batch,
            Map<String, INDArray> expected,
            double tolerance,
            boolean replaced) {
        try (GradientComputer computer = GradientComputer.of(adapted, true)) {
            List<String> operations = new ArrayList<>();
            computer.session().observe(op -> operations.add(op.opName()));
            Map<String, INDArray> got = FirstStep.gradients(computer, batch);
            assertThat(operations.contains("loraplus_layer_norm")).isEqualTo(replaced);
            assertThat(operations.contains("layer_norm")).isEqualTo(!replaced);
            Map<String, INDArray> stock = Gradients.byStock(adapted.graph(), batch, expected.keySet());
            expected.forEach((name, gradient) -> assertThat(Gradients.distance(got.get(name), gradient))
                    .as(name)
                    .isLessThan(Math.max(tolerance, 2 * Gradients.distance(stock.get(name), gradient))));
        }
    }

    /** x·w as [3, 5, 4], normalised, weighted and summed. */
    private static SameDiff graph(DataType type, int... dimensions) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, 5);
        SDVariable w = graph.var("w", Fixtures.random(1, DataType.FLOAT, 5, 4).castTo(type));
        SDVariable gain =
                graph.var("gain", Fixtures.random(2, DataType.FLOAT, 4).castTo(type));
        SDVariable shift =
                graph.var("shift", Fixtures.random(3, DataType.FLOAT, 4).castTo(type));
        SDVariable cube = graph.math.tanh(graph.reshape(graph.mmul(x, w), 3, 5, 4));
        SDVariable y = graph.nn.layerNorm(cube, gain, shift, false, dimensions);
        y.mul(graph.constant("c", Fixtures.random(4, DataType.FLOAT, 3, 5, 4).castTo(type)))
                .sum("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    private static AdaptedGraph attached(SameDiff graph) {
        AdaptedGraph adapted =
                LoraPlus.attach(graph, LoraConfig.builder().rank(2).targets("w").build());
        Fixtures.fill(adapted, 5);
        return adapted;
    }
}
