package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Compares rewritten gradient graphs with what stock SameDiff computes in DOUBLE in the same adapted graph. */
class RewrittenGraphTest {
    private static final int CASES = 200;
    private static final double TOLERANCE = 1e-5;
    private static final double WIDE_TOLERANCE = 1e-9;
    /** Where a gradient is zero but for rounding, its error counts against the largest gradient. */
    private static final double NEGLIGIBLE = 1e-6;

    private final Map<String, Integer> rewritten = new TreeMap<>();
    private int inaccurate;
    private final Map<String, Integer> stock = new TreeMap<>();

    @Test
    void randomGraphs_haveTheLossesAndGradientsOfStockSameDiff() {
        for (long seed = 0; seed < CASES; seed++) {
            compare(seed);
        }
        System.out.println("rewritten graphs: " + CASES + " cases");
        assertThat(inaccurate)
                .as("gradients that FLOAT itself makes inaccurate")
                .isLessThan(CASES / 4);
        assertThat(rewritten.get("loraplus_gelu")).isGreaterThan(CASES / 4);
        assertThat(rewritten.get("loraplus_multiply")).isGreaterThan(CASES / 8);
        assertThat(rewritten.get("loraplus_layer_norm")).isGreaterThan(CASES / 4);
        assertThat(rewritten.get("loraplus_layer_norm_grad")).isGreaterThan(CASES / 16);
        assertThat(rewritten.getOrDefault("add_bp", 0)).isZero();
        assertThat(rewritten.get("matmul_bp")).isLessThan(stock.get("matmul_bp") * 3 / 4);
        assertThat(rewritten.get("multiply_bp")).isLessThan(stock.get("multiply_bp"));
    }

    private void compare(long seed) {
        SameDiff wide = adapted(seed, DataType.DOUBLE).graph();
        Map<String, INDArray> wideBatch = RandomGraph.of(seed, DataType.DOUBLE).batch();
        AdaptedGraph narrow = adapted(seed, DataType.FLOAT);
        Map<String, INDArray> batch = RandomGraph.of(seed, DataType.FLOAT).batch();
        Map<String, INDArray> expected = Gradients.byStock(
                wide,
                wideBatch,
                narrow.parameters().stream().map(TrainedParameter::name).toList(),
                operation -> stock.merge(operation, 1, Integer::sum));
        check("seed " + seed + ", kernels", narrow, true, batch, wide, wideBatch, expected);
        check("seed " + seed + ", no kernels", narrow, false, batch, wide, wideBatch, expected);
        if (seed % 8 == 0) {
            AdaptedGraph same = adapted(seed, DataType.DOUBLE);
            check("seed " + seed + ", DOUBLE", same, true, wideBatch, wide, wideBatch, expected);
        }
    }

    private void check(
            String what,
            AdaptedGraph adapted,
            boolean kernels,
            Map<String, INDArray> batch,
            SameDiff wide,
            Map<String, INDArray> wideBatch,
            Map<String, INDArray> expected) {
        boolean exact = batch == wideBatch;
        try (GradientComputer computer = GradientComputer.of(adapted, kernels)) {
            if (kernels && !exact) {
                computer.session().observe(op -> rewritten.merge(op.opName(), 1, Integer::sum));
            }
            Map<String, INDArray> got = FirstStep.gradients(computer, batch);
            assertThat(got.keySet()).as(what).isEqualTo(expected.keySet());
            double largest = expected.values().stream()
                    .mapToDouble(RewrittenGraphTest::norm)
                    .max()
                    .orElseThrow();
            got.forEach((name, gradient) -> {
                double allowed = exact
                        ? WIDE_TOLERANCE * Math.max(largest, 1e-6)
                        : Math.max(TOLERANCE * norm(expected.get(name)), NEGLIGIBLE * Math.max(largest, 1e-6));
                double error = error(gradient, expected.get(name));
                if (error > allowed && !exact) {
                    allowed = 4 * stockError(adapted, batch, name, expected.get(name));
                }
                assertThat(error).as("%s, gradient of %s", what, name).isLessThanOrEqualTo(allowed);
            });
            Map<String, INDArray> stockLosses = Gradients.stockOutput(adapted.graph(), batch, wide.getLossVariables());
            Gradients.stockOutput(wide, wideBatch, wide.getLossVariables())
                    .forEach((loss, value) -> assertThat(Gradients.distance(
                                    computer.output(List.of(loss), batch, FirstStep.AT)
                                            .get(loss),
                                    value))
                            .as("%s, %s", what, loss)
                            .isLessThan(Math.max(TOLERANCE, 4 * Gradients.distance(stockLosses.get(loss), value))));
        }
    }

    private static AdaptedGraph adapted(long seed, DataType type) {
        RandomGraph random = RandomGraph.of(seed, type);
        AdaptedGraph adapted = LoraPlus.attach(random.graph(), random.config(new Random(seed)));
        Fixtures.fill(adapted, seed);
        return adapted;
    }

    /** Some graphs, such as a layer normalisation behind another, lose more digits in FLOAT whoever computes them. */
    private double stockError(AdaptedGraph adapted, Map<String, INDArray> batch, String name, INDArray expected) {
        inaccurate++;
        return error(Gradients.byStock(adapted.graph(), batch, List.of(name)).get(name), expected);
    }

    private static double norm(INDArray array) {
        return array.castTo(DataType.DOUBLE).norm2Number().doubleValue();
    }

    private static double error(INDArray got, INDArray expected) {
        return norm(got.castTo(DataType.DOUBLE).sub(expected.castTo(DataType.DOUBLE)));
    }
}
