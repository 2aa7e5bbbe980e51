package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.kernel.GatherGradOp;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.PartitionMode;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.shape.tensorops.EmbeddingLookup;
import org.nd4j.linalg.factory.Nd4j;

/** Compares gradients through gather with central differences: ND4J's own are wrong. */
class GatherGradientTest {
    private static final int ROWS = 9;
    private static final int WIDTH = 4;
    private static final Map<String, INDArray> BATCH =
            Map.of("ids", Nd4j.createFromArray(new int[][] {{7, 2, 2}, {0, 7, 2}}));

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void targetedEmbedding_learnsTheRightRows(boolean kernels) {
        assertExact(lookup((graph, inputs) -> graph.gather(inputs[0], inputs[1], 0)), true, kernels);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void savedEmbedding_learnsTheRightRows(boolean kernels) {
        assertExact(lookup((graph, inputs) -> graph.gather(inputs[0], inputs[1], 0)), false, kernels);
    }

    @Test
    void embeddingLookup_hasTheSameGradient() {
        BiFunction<SameDiff, SDVariable[], SDVariable> lookup =
                (graph, inputs) -> new EmbeddingLookup(graph, inputs[0], inputs[1].reshape(-1), PartitionMode.MOD)
                        .outputVariable()
                        .reshape(-1, 3, WIDTH);
        assertExact(lookup(lookup), false, true);
        assertExact(lookup(lookup), true, true);
    }

    @Test
    void tiedWeight_sumsBothUses() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, -1, 3);
        SDVariable table = graph.var("table", Fixtures.random(1, DataType.DOUBLE, ROWS, WIDTH));
        SDVariable rows = graph.math.tanh(graph.gather(table, ids, 0).reshape(-1, WIDTH));
        SDVariable again = graph.gather(table, ids.add(1), 0).reshape(-1, WIDTH);
        SDVariable scores = graph.mmul(rows.add(again), table, false, true, false);
        scores.mul(scores).mean("loss", true);
        graph.setLossVariables("loss");
        assertExact(graph, true, true);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1, -2, 2})
    void activationsAlongAnyAxis_passTheirGradientBack(int axis) {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, -1, 3);
        SDVariable source = graph.constant("source", Fixtures.random(1, DataType.DOUBLE, 5 * 8, WIDTH));
        SDVariable table = graph.var("table", Fixtures.random(2, DataType.DOUBLE, WIDTH, 8));
        SDVariable hidden = graph.math.tanh(graph.mmul(source, table).reshape(5, 8, 8));
        SDVariable picked = graph.gather(hidden, ids, axis);
        picked.mul(graph.gather(hidden, new int[] {3}, 1).mean()).mean("loss", true);
        graph.setLossVariables("loss");
        assertExact(graph, true, true);
    }

    @Test
    void frozenTable_isGatheredAsBefore() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, -1, 3);
        SDVariable frozen = graph.constant("frozen", Fixtures.random(1, DataType.DOUBLE, ROWS, WIDTH));
        SDVariable table = graph.var("table", Fixtures.random(2, DataType.DOUBLE, WIDTH, 6));
        graph.mmul(graph.gather(frozen, ids, 0).reshape(-1, WIDTH), table).std("loss", true);
        graph.setLossVariables("loss");
        assertExact(graph, true, true);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void kernel_addsEverySliceToItsRow(DataType type) {
        INDArray table = Nd4j.create(type, 4, 3);
        INDArray out = Nd4j.valueArrayOf(new long[] {4, 3}, 5.0, type);
        INDArray ids = Nd4j.createFromArray(2, 0, 2);
        INDArray dy = Nd4j.createFromArray(new double[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}})
                .castTo(type);
        new GatherGradOp(0).run(List.of(table, ids, dy), List.of(out));
        assertThat(out.toDoubleMatrix()).isEqualTo(new double[][] {{4, 5, 6}, {0, 0, 0}, {8, 10, 12}, {0, 0, 0}});
    }

    @Test
    void indexOutsideTheTable_isRefused() {
        INDArray table = Nd4j.create(4, 3);
        INDArray ids = Nd4j.createFromArray(2, 4);
        assertThatThrownBy(() -> new GatherGradOp(0).run(List.of(table, ids, Nd4j.create(2, 3)), List.of(table)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("index 4")
                .hasMessageContaining("[4, 3]");
    }

    private static SameDiff lookup(BiFunction<SameDiff, SDVariable[], SDVariable> kind) {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, -1, 3);
        SDVariable table = graph.var("table", Fixtures.random(1, DataType.DOUBLE, ROWS, WIDTH));
        SDVariable rows = kind.apply(graph, new SDVariable[] {table, ids});
        SDVariable weights = graph.constant("weights", Fixtures.random(2, DataType.DOUBLE, 3, WIDTH));
        graph.math.tanh(rows).mul(weights).mean("loss", true);
        graph.setLossVariables("loss");
        return graph;
    }

    private static void assertExact(SameDiff graph, boolean targeted, boolean kernels) {
        LoraConfig.Builder config = LoraConfig.builder().rank(2).alpha(3);
        if (targeted) {
            config.targets("table");
        } else {
            graph.mmul(
                            "unused",
                            graph.var("other", Fixtures.random(3, DataType.DOUBLE, 3, 2)),
                            graph.constant(Fixtures.random(4, DataType.DOUBLE, 2, 3)))
                    .sum("unusedLoss");
            graph.addLossVariable("unusedLoss");
            config.targets("other").modulesToSave("table");
        }
        AdaptedGraph adapted = LoraPlus.attach(graph, config.build());
        Fixtures.fill(adapted, 5);
        try (LoraTrainer trainer =
                LoraTrainer.builder(adapted).eta(1e-3).kernels(kernels).build()) {
            Map<String, INDArray> got = trainer.gradients(BATCH);
            assertThat(got).isNotEmpty();
            Gradients.byDifferences(graph, BATCH, graph.getLossVariables(), got.keySet())
                    .forEach((name, expected) -> assertThat(Gradients.distance(got.get(name), expected))
                            .as(name)
                            .isLessThan(1e-7));
        }
    }
}
