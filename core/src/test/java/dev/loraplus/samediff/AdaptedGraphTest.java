package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.AdaptedModel.Disabled;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import dev.loraplus.samediff.gradient.Gradients;
import dev.loraplus.samediff.surgery.Graphs;
import dev.loraplus.samediff.training.LoraTrainer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

class AdaptedGraphTest {
    private static final LoraConfig RANK_TWO =
            LoraConfig.builder().rank(2).alpha(6).build();

    @ParameterizedTest
    @EnumSource(Initialization.class)
    void attach_changesNoOutput(Initialization initialization) {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        Map<String, INDArray> batch = Fixtures.batch(5, DataType.FLOAT);
        INDArray before = Fixtures.output(graph, batch, "out");
        LoraPlus.attach(
                graph, RANK_TWO.toBuilder().initialization(initialization).build());
        assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(before);
    }

    @Test
    void attach_leavesOnlyTheAdapterTrainable() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        LoraPlus.attach(
                graph,
                RANK_TWO.toBuilder().targets("layer0").modulesToSave("layer1").build());
        assertThat(graph.variables().stream()
                        .filter(v -> v.getVariableType() == VariableType.VARIABLE)
                        .map(SDVariable::name))
                .containsExactlyInAnyOrder(
                        "layer0.weight.lora_A", "layer0.weight.lora_B", "layer1.weight", "layer1.bias");
    }

    @Test
    void adaptedOutput_isThatOfTheMergedWeights() {
        SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        Fixtures.fill(adapted, 11);
        SameDiff plain = Fixtures.mlp(DataType.DOUBLE);
        adapted.adapter().factors().forEach((name, f) -> plain.getVariable(name)
                .getArr()
                .addi(f.a().mmul(f.b()).mul(3)));
        Map<String, INDArray> batch = Fixtures.batch(6, DataType.DOUBLE);
        INDArray expected = Fixtures.output(plain, batch, "out");
        assertThat(distance(Fixtures.output(graph, batch, "out"), expected)).isLessThan(1e-13);
        adapted.merge();
        assertThat(distance(Fixtures.output(graph, batch, "out"), expected)).isLessThan(1e-13);
        assertThat(graph.getVariables().keySet()).isEqualTo(plain.getVariables().keySet());
        assertThat(graph.getOps().keySet()).isEqualTo(plain.getOps().keySet());
    }

    @Test
    void mergeThenUnmerge_restoresWeightsBitForBit() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        INDArray before = graph.getVariable("layer0.weight").getArr().dup();
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        Fixtures.fill(adapted, 12);
        Map<String, INDArray> batch = Fixtures.batch(6, DataType.FLOAT);
        INDArray out = Fixtures.output(graph, batch, "out");
        adapted.merge();
        assertThat(adapted.isMerged()).isTrue();
        assertThat(graph.getVariable("layer0.weight").getArr()).isNotEqualTo(before);
        adapted.unmerge();
        assertThat(graph.getVariable("layer0.weight").getArr()).isEqualTo(before);
        assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(out);
    }

    @Test
    void mergeWithoutBase_cannotBeUndone() {
        AdaptedGraph adapted = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), RANK_TWO);
        adapted.merge(false);
        assertThatThrownBy(adapted::unmerge)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("without keeping its base");
        assertThatThrownBy(adapted::detach).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(adapted::merge).hasMessageContaining("it is merged");
    }

    @Test
    void merge_refusesAnInfiniteWeightAndChangesNothing() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        Fixtures.fill(adapted, 13);
        adapted.adapter().factors().get("layer1.weight").b().putScalar(0, 1, Float.POSITIVE_INFINITY);
        INDArray before = graph.getVariable("layer0.weight").getArr().dup();
        assertThatThrownBy(adapted::merge)
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("layer1.weight");
        assertThat(graph.getVariable("layer0.weight").getArr()).isEqualTo(before);
        assertThat(adapted.isMerged()).isFalse();
    }

    @Test
    void disable_givesTheBaseBackAndIsReentrant() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        Map<String, INDArray> batch = Fixtures.batch(7, DataType.FLOAT);
        INDArray base = Fixtures.output(graph, batch, "out");
        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                RANK_TWO.toBuilder().targets("layer0").modulesToSave("layer1").build());
        Fixtures.fill(adapted, 14);
        graph.getVariable("layer1.bias").getArr().addi(1);
        INDArray tuned = Fixtures.output(graph, batch, "out");
        try (Disabled outer = adapted.disable()) {
            assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(base);
            try (Disabled inner = adapted.disable()) {
                inner.close();
                assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(base);
            }
            assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(base);
            assertThatThrownBy(adapted::merge).hasMessageContaining("disabled");
            assertThatThrownBy(adapted::detach).hasMessageContaining("disabled");
            assertThat(outer).isNotNull();
        }
        assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(tuned);
    }

    @Test
    void detach_restoresTheGraphExactly() {
        SameDiff untouched = Fixtures.mlp(DataType.FLOAT);
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        graph.variables().stream().filter(Graphs::isStored).forEach(v -> arrays.put(v.name(), v.getArr()));
        AdaptedGraph adapted = LoraPlus.attach(
                graph, RANK_TWO.toBuilder().modulesToSave("layer1").build());
        Fixtures.fill(adapted, 15);
        graph.getVariable("layer1.weight").getArr().muli(2);
        adapted.detach();
        assertThat(List.copyOf(graph.getOps().keySet()))
                .isEqualTo(List.copyOf(untouched.getOps().keySet()));
        assertThat(List.copyOf(graph.getVariables().keySet()))
                .isEqualTo(List.copyOf(untouched.getVariables().keySet()));
        untouched.getVariables().forEach((name, expected) -> {
            var got = graph.getVariables().get(name);
            assertThat(got.getInputsForOp()).isEqualTo(expected.getInputsForOp());
            assertThat(got.getOutputOfOp()).isEqualTo(expected.getOutputOfOp());
            assertThat(got.getVariable().getVariableType())
                    .isEqualTo(expected.getVariable().getVariableType());
        });
        untouched.getOps().forEach((name, expected) -> {
            var got = graph.getOps().get(name);
            assertThat(got.getInputsToOp()).isEqualTo(expected.getInputsToOp());
            assertThat(got.getOutputsOfOp()).isEqualTo(expected.getOutputsOfOp());
        });
        arrays.forEach((name, array) -> {
            assertThat(graph.getVariable(name).getArr()).as(name).isSameAs(array);
            assertThat(array).isEqualTo(untouched.getVariable(name).getArr());
        });
        assertThatThrownBy(adapted::detach).hasMessageContaining("detached already");
    }

    @Test
    void detach_letsStockFitGoOnAsIfNeverAttached() {
        SameDiff untouched = trainedWithAdam();
        SameDiff graph = trainedWithAdam();
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-2).build()) {
            trainer.fit(singleBatch(2), 4);
        }
        assertThat(graph.getTrainingConfig().toJson())
                .isEqualTo(untouched.getTrainingConfig().toJson());
        adapted.detach();
        Gradients.quietly(() -> untouched.fit(data(3)));
        Gradients.quietly(() -> graph.fit(data(3)));
        untouched.variables().stream().filter(Graphs::isStored).forEach(v -> assertThat(
                        graph.getVariable(v.name()).getArr())
                .as(v.name())
                .isEqualTo(v.getArr()));
    }

    @Test
    void savedAndLoadedByStockSameDiff_givesTheSameOutput(@TempDir Path folder) {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        Fixtures.fill(adapted, 16);
        Map<String, INDArray> batch = Fixtures.batch(8, DataType.FLOAT);
        INDArray expected = Fixtures.output(graph, batch, "out");
        graph.save(folder.resolve("adapted.fb").toFile(), false);
        SameDiff loaded = SameDiff.load(folder.resolve("adapted.fb").toFile(), false);
        assertThat(Fixtures.output(loaded, batch, "out")).isEqualTo(expected);
    }

    @Test
    void graphLoadedFromFlatBuffers_isAdaptedAndTrained(@TempDir Path folder) {
        Fixtures.mlp(DataType.FLOAT).save(folder.resolve("base.fb").toFile(), false);
        SameDiff graph = SameDiff.load(folder.resolve("base.fb").toFile(), false);
        Map<String, INDArray> batch = Fixtures.batch(8, DataType.FLOAT);
        INDArray base = Fixtures.output(graph, batch, "out");
        AdaptedGraph adapted = LoraPlus.attach(graph, RANK_TWO);
        assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(base);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-2).build()) {
            double first = trainer.step(batch);
            assertThat(trainer.step(batch)).isLessThan(first);
        }
    }

    @Test
    void saveAndLoad_givesTheSameOutput(@TempDir Path folder) throws Exception {
        LoraConfig config =
                RANK_TWO.toBuilder().targets("layer0").modulesToSave("layer1").build();
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        Fixtures.fill(adapted, 17);
        graph.getVariable("layer1.weight").getArr().muli(3);
        Map<String, INDArray> batch = Fixtures.batch(9, DataType.FLOAT);
        INDArray expected = Fixtures.output(graph, batch, "out");
        adapted.save(folder);
        assertThat(Files.exists(folder.resolve("adapter_model.safetensors"))).isTrue();

        SameDiff fresh = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph loaded = LoraPlus.load(fresh, folder);
        assertThat(Fixtures.output(fresh, batch, "out")).isEqualTo(expected);
        assertThat(loaded.config().rank()).isEqualTo(2);
        assertThat(loaded.config().lambda()).isEqualTo(16);
        assertThat(loaded.adapter().factors().keySet()).containsExactly("layer0.weight");

        SameDiff other = Fixtures.mlp(DataType.FLOAT);
        other.getVariable("layer0.bias").getArr().addi(1);
        assertThatThrownBy(() -> LoraPlus.load(other, folder))
                .isInstanceOf(java.io.IOException.class)
                .hasMessageContaining("another base");
        assertThat(other.hasVariable("layer0.weight.lora_A")).isFalse();
        LoraPlus.loadOntoAnyBase(other, folder);
    }

    @Test
    void wrongTargets_listWhatExistsAndChangeNothing() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        int operations = graph.getOps().size();
        assertThatThrownBy(() -> LoraPlus.attach(
                        graph, RANK_TWO.toBuilder().targets("query").build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'layer0.weight' FLOAT [7, 6]")
                .hasMessageContaining("'layer1.weight'");
        assertThatThrownBy(() -> LoraPlus.attach(
                        graph,
                        RANK_TWO.toBuilder()
                                .targets(Targets.named("layer0").exclude(Targets.glob("layer*")))
                                .build()))
                .hasMessageContaining("excluded");
        assertThatThrownBy(() -> LoraPlus.attach(
                        graph, RANK_TWO.toBuilder().modulesToSave("head").build()))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'head'");
        assertThat(graph.getOps()).hasSize(operations);
        assertThat(graph.variables())
                .filteredOn(Graphs::isStored)
                .allMatch(v -> v.getVariableType() == VariableType.VARIABLE);
    }

    @Test
    void secondAdapter_isRefused() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        LoraPlus.attach(graph, RANK_TWO);
        assertThatThrownBy(() -> LoraPlus.attach(graph, RANK_TWO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holds an adapter already");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"HALF", "BFLOAT16"})
    void lowPrecisionBases_areRefusedInWords(DataType type) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, 4);
        graph.mmul("y", x, graph.var("w", Fixtures.random(1, type, 4, 3)));
        assertThatThrownBy(() -> LoraPlus.attach(graph, RANK_TWO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'w' has data type " + type);
        assertThat(graph.getOps()).hasSize(1);
    }

    @Test
    void describe_saysFormAndCounts() {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT),
                RANK_TWO.toBuilder().targets("layer0").modulesToSave("layer1").build());
        assertThat(adapted.describe().toString())
                .contains("47 of 95 parameters are trained")
                .contains("188 of 380 bytes")
                .contains("layer0.weight [7, 6] rank 2, scaling 3.0, lambda 16.0")
                .contains("branch right")
                .contains("layer1.bias [3] BIAS");
        Factors factors = adapted.adapter().factors().get("layer0.weight");
        assertThat(factors.a().shape()).containsExactly(7, 2);
        assertThat(factors.b().shape()).containsExactly(2, 6);
    }

    private static SameDiff trainedWithAdam() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-2))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        Gradients.quietly(() -> graph.fit(data(1)));
        return graph;
    }

    private static DataSet data(long seed) {
        Map<String, INDArray> batch = Fixtures.batch(seed, DataType.FLOAT);
        return new DataSet(batch.get("x"), batch.get("labels"));
    }

    private static org.nd4j.linalg.dataset.api.iterator.DataSetIterator singleBatch(long seed) {
        return new org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator<>(List.of(data(seed)), 1);
    }

    private static double distance(INDArray got, INDArray expected) {
        return got.sub(expected).amaxNumber().doubleValue();
    }
}
