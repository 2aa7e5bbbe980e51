package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.WeightCase.Limit;
import dev.loraplus.samediff.gradient.Gradients;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The trainer's gradients against central differences of the loss that stock SameDiff computes, in DOUBLE. */
class FiniteDifferenceTest {
    private static final double STEP = 1e-5;

    static Stream<WeightCase> differentiable() {
        return WeightCases.all().filter(c -> c.can(Limit.GRADIENT_FAILS) && c.can(Limit.GRADIENT_IS_WRONG));
    }

    static Stream<WeightCase> wrong() {
        return WeightCases.all().filter(c -> !c.can(Limit.GRADIENT_IS_WRONG));
    }

    @ParameterizedTest
    @MethodSource("differentiable")
    void gradients_areThoseOfTheLoss(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        assertGradients(weight.attachFilled(graph), WeightCase.batch(graph));
    }

    /** A case that fails here has been mended in ND4J, and belongs to the others. */
    @ParameterizedTest
    @MethodSource("wrong")
    void stockGradients_ofTheRest_areWrong(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        Map<String, INDArray> batch = WeightCase.batch(graph);
        INDArray numeric = numeric(graph, "w", batch);
        Gradients.quietly(
                () -> assertThat(distance(graph.calculateGradients(batch, "w").get("w"), numeric))
                        .isGreaterThan(1e-2));
    }

    /** Our own gradient is right (gather), or training is refused in words. */
    @ParameterizedTest
    @MethodSource("wrong")
    void gradientsThatStockGetsWrong_areRightOrRefused(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        AdaptedGraph adapted = weight.attachFilled(graph);
        if (graph.getOps().values().stream().anyMatch(op -> op.getOp().opName().equals("gather"))) {
            assertGradients(adapted, WeightCase.batch(graph));
        } else {
            assertThatThrownBy(() -> LoraTrainer.builder(adapted).eta(1e-3).build())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("Cannot train through")
                    .hasMessageContaining("computes a wrong gradient");
        }
    }

    /** x·W, tanh, ·Wᵀ, tanh, ·V: W is shared by two layers. */
    @Test
    void gradients_ofTwoLayersWithASharedWeight_areThoseOfTheLoss() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, 5, 7);
        SDVariable shared = graph.var("shared", Fixtures.random(1, DataType.DOUBLE, 7, 6));
        SDVariable last = graph.var("last", Fixtures.random(2, DataType.DOUBLE, 7, 3));
        SDVariable hidden = graph.math.tanh(graph.mmul(x, shared));
        SDVariable back = graph.math.tanh(graph.mmul(hidden, shared, false, true, false));
        SDVariable out = graph.mmul("out", back, last);
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                LoraConfig.builder().rank(2).alpha(3).modulesToSave("last").build());
        Fixtures.fill(adapted, 3);
        assertGradients(adapted, Map.of("x", Fixtures.random(4, DataType.DOUBLE, 5, 7)));
    }

    private static void assertGradients(AdaptedGraph adapted, Map<String, INDArray> batch) {
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-3).progress(false).build()) {
            trainer.gradients(batch).forEach((name, gradient) -> {
                INDArray numeric = numeric(adapted.graph(), name, batch);
                assertThat(distance(gradient, numeric)).as(name).isLessThan(1e-6);
            });
        }
    }

    private static double distance(INDArray got, INDArray expected) {
        return got.sub(expected).norm2Number().doubleValue()
                / expected.norm2Number().doubleValue();
    }

    private static INDArray numeric(SameDiff graph, String parameter, Map<String, INDArray> batch) {
        INDArray values = graph.getVariable(parameter).getArr();
        INDArray slope = values.dup();
        for (long i = 0; i < values.length(); i++) {
            double value = values.getDouble(i);
            values.putScalar(i, value + STEP);
            double above = loss(graph, batch);
            values.putScalar(i, value - STEP);
            double below = loss(graph, batch);
            values.putScalar(i, value);
            slope.putScalar(i, (above - below) / (2 * STEP));
        }
        return slope;
    }

    private static double loss(SameDiff graph, Map<String, INDArray> batch) {
        return graph.output(batch, "loss").get("loss").getDouble(0);
    }
}
