package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.gradient.Gradients;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.NameScope;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;

/** What attaching leaves alone, restores and refuses. */
class SurgeryTest {
    private static final LoraConfig RANK_TWO =
            LoraConfig.builder().rank(2).alpha(6).build();

    @ParameterizedTest
    @ValueSource(strings = {"layer1.weight.lora_p", "layer1.weight.lora_anything", "z1.lora_base", "z1.lora_sum"})
    void nameThatIsTaken_isRefusedAndNothingChanged(String taken) {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        graph.var(taken, Fixtures.random(1, DataType.FLOAT, 2, 3));
        GraphSnapshot before = GraphSnapshot.of(graph);
        assertThatThrownBy(() -> LoraPlus.attach(graph, RANK_TWO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + taken + "'")
                .hasMessageContaining("rename it");
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    @Test
    void attachAndDetach_twentyTimes_leavesNoGrowth() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.FLOAT);
        GraphSnapshot before = GraphSnapshot.of(graph);
        INDArray out = Fixtures.output(graph, batch, "out");
        for (int i = 0; i < 20; i++) {
            AdaptedGraph adapted = LoraPlus.attach(
                    graph,
                    RANK_TWO.toBuilder()
                            .targets("layer0")
                            .modulesToSave("layer1")
                            .build());
            Fixtures.fill(adapted, i);
            if (i % 2 == 0) {
                adapted.merge();
                adapted.unmerge();
            }
            try (LoraTrainer trainer = trainer(adapted)) {
                trainer.step(batch);
            }
            adapted.detach();
            assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
        }
        assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(out);
        assertThat(graph.hasGradientFunction()).isFalse();
    }

    @Test
    void training_leavesAdamStateConfigurationAndLossesOfTheUser() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-2))
                .l2(1e-3)
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.FLOAT);
        Gradients.quietly(() -> graph.fit(new DataSet(batch.get("x"), batch.get("labels"))));
        GraphSnapshot before = GraphSnapshot.of(graph);
        TrainingConfig config = graph.getTrainingConfig();
        String json = config.toJson();
        Map<String, INDArray> moments = updaterState(graph);
        assertThat(moments).hasSize(8);
        AdaptedGraph adapted = LoraPlus.attach(
                graph, RANK_TWO.toBuilder().modulesToSave("layer1").build());
        try (LoraTrainer trainer = trainer(adapted)) {
            trainer.step(batch);
            trainer.step(batch);
        }
        assertThat(graph.getLossVariables()).containsExactly("loss");
        assertThat(graph.getTrainingConfig()).isSameAs(config);
        adapted.detach();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
        assertThat(graph.getTrainingConfig()).isSameAs(config);
        assertThat(config.toJson()).isEqualTo(json);
        assertThat(updaterState(graph)).isEqualTo(moments);
    }

    @Test
    void constantsAndPlaceholders_areWhatTheyWereAfterDetach() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 7);
        SDVariable w = graph.constant("w", Fixtures.random(1, DataType.FLOAT, 7, 6));
        graph.mmul("y", x, w).add("out", graph.var("bias", Fixtures.random(2, DataType.FLOAT, 6)));
        GraphSnapshot before = GraphSnapshot.of(graph);
        AdaptedGraph adapted =
                LoraPlus.attach(graph, RANK_TWO.toBuilder().targets("w").build());
        assertThat(w.isConstant()).isTrue();
        assertThat(graph.getVariable("bias").isConstant()).isTrue();
        adapted.detach();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    @Test
    void openNameScope_changesNoNameOfTheAdapter() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        GraphSnapshot before = GraphSnapshot.of(graph);
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.FLOAT);
        AdaptedGraph plain = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), RANK_TWO);
        Fixtures.fill(plain, 3);
        try (NameScope scope = graph.withNameScope("scope")) {
            AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
            Fixtures.fill(adapted, 3);
            assertThat(graph.getVariables().keySet())
                    .containsExactlyElementsOf(plain.graph().getVariables().keySet());
            assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(Fixtures.output(plain.graph(), batch, "out"));
            adapted.detach();
            assertThat(scope.getName()).isEqualTo("scope");
        }
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
    }

    @Test
    void namesWithSlashes_areModulePaths() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 7);
        try (NameScope encoder = graph.withNameScope("encoder")) {
            assertThat(encoder.getName()).isEqualTo("encoder");
            SDVariable w = graph.var("encoder/query.weight", Fixtures.random(1, DataType.FLOAT, 7, 6));
            graph.mmul("q", x, w);
        }
        AdaptedGraph adapted = LoraPlus.attach(
                graph, RANK_TWO.toBuilder().targets("encoder.query").build());
        assertThat(adapted.adapter().factors()).containsOnlyKeys("encoder/query.weight");
        assertThat(adapted.uses().get("encoder/query.weight")).hasSize(1);
        assertThat(graph.output(Map.of("x", Fixtures.random(2, DataType.FLOAT, 5, 7)), "encoder/q"))
                .containsKey("encoder/q");
    }

    @ParameterizedTest
    @EnumSource(names = {"A_RANDOM_B_ZERO", "B_RANDOM_A_ZERO"})
    void seed_decidesTheFactors(Initialization initialization) {
        LoraConfig config = RANK_TWO.toBuilder().initialization(initialization).build();
        AdaptedGraph first = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), config);
        AdaptedGraph same = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), config);
        AdaptedGraph other = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT), config.toBuilder().seed(1).build());
        assertThat(same.adapter().factors()).isEqualTo(first.adapter().factors());
        first.adapter().factors().forEach((name, pair) -> {
            boolean randomA = initialization == Initialization.A_RANDOM_B_ZERO;
            INDArray zero = randomA ? pair.b() : pair.a();
            INDArray random = randomA ? pair.a() : pair.b();
            double bound = 1 / Math.sqrt(random.size(0));
            assertThat(zero.amaxNumber().doubleValue()).as(name).isZero();
            assertThat(random.amaxNumber().doubleValue()).as(name).isBetween(bound / 3, bound);
            var drawn = other.adapter().factors().get(name);
            assertThat(randomA ? drawn.a() : drawn.b()).as(name).isNotEqualTo(random);
        });
    }

    @Test
    void rankAboveTheWeights_isNoError() {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT), RANK_TWO.toBuilder().rank(9).build());
        assertThat(adapted.adapter().factors().get("layer1.weight").a().shape()).containsExactly(6, 9);
    }

    @Test
    void weightInFortranOrder_isMergedAndRestored() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 7);
        INDArray stored = Fixtures.random(1, DataType.DOUBLE, 7, 6).dup('f');
        INDArray before = stored.dup();
        graph.mmul("out", x, graph.var("w", stored));
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        Fixtures.fill(adapted, 3);
        Map<String, INDArray> batch = Map.of("x", Fixtures.random(2, DataType.DOUBLE, 5, 7));
        INDArray attached = Fixtures.output(graph, batch, "out");
        adapted.merge();
        assertThat(Fixtures.output(graph, batch, "out").distance2(attached)).isLessThan(1e-12);
        adapted.detach();
        assertThat(graph.getVariable("w").getArr()).isEqualTo(before);
    }

    private static Map<String, INDArray> updaterState(SameDiff graph) {
        Map<String, INDArray> state = new LinkedHashMap<>();
        for (String name : graph.getUpdaterMap().keySet()) {
            GradientUpdater<?> updater = graph.getUpdaterMap().get(name);
            updater.getState().forEach((key, value) -> state.put(name + " " + key, value.dup()));
        }
        return state;
    }

    private static LoraTrainer trainer(AdaptedGraph adapted) {
        return LoraTrainer.builder(adapted).eta(1e-2).progress(false).build();
    }
}
