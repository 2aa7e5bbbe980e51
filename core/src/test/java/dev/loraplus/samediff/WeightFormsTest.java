package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.WeightCase.Limit;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Every kind of use of a weight, against graphs whose weight was changed by plain loops. */
class WeightFormsTest {
    static Stream<WeightCase> cases() {
        return WeightCases.all();
    }

    static Stream<WeightCase> loadable() {
        return cases().filter(c -> c.can(Limit.LOADING));
    }

    static Stream<WeightCase> unloadable() {
        return cases().filter(c -> !c.can(Limit.LOADING));
    }

    static Stream<Arguments> casesAndTypes() {
        return WeightCases.all().flatMap(c -> Stream.of(DataType.FLOAT, DataType.DOUBLE)
                .filter(type -> type == DataType.DOUBLE || c.can(Limit.FLOAT))
                .map(type -> Arguments.of(c, type)));
    }

    @ParameterizedTest
    @MethodSource("casesAndTypes")
    void zeroAdapter_changesNoOutput(WeightCase weight, DataType type) {
        SameDiff graph = weight.graph(type);
        Map<String, INDArray> before = outputs(graph);
        weight.attach(graph);
        assertThat(outputs(graph)).isEqualTo(before);
    }

    @ParameterizedTest
    @MethodSource("casesAndTypes")
    void adapter_actsAsTheChangedWeight_attachedAndMerged(WeightCase weight, DataType type) {
        SameDiff graph = weight.graph(type);
        AdaptedGraph adapted = weight.attachFilled(graph);
        Factors factors = adapted.adapter().factors().get("w");
        assertThat(factors.a().shape()).containsExactly(weight.size('i'), 2);
        assertThat(factors.b().shape()).containsExactly(2, weight.size('o'));
        Map<String, INDArray> expected = expected(weight, type, factors);
        assertClose(outputs(graph), expected, type);
        adapted.merge();
        assertClose(outputs(graph), expected, type);
        adapted.unmerge();
        assertClose(outputs(graph), expected, type);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void describe_namesTheFormOfEachUse(WeightCase weight) {
        AdaptedGraph adapted = weight.attach(weight.graph(DataType.DOUBLE));
        assertThat(adapted.uses().get("w"))
                .extracting(use -> use.toString().replaceFirst(".*: ", ""))
                .containsExactlyInAnyOrderElementsOf(weight.forms());
        assertThat(adapted.describe().toString()).contains(weight.forms());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void detach_restoresTheStructureExactly(WeightCase weight) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        GraphSnapshot before = GraphSnapshot.of(graph);
        AdaptedGraph adapted = weight.attachFilled(graph);
        outputs(graph);
        adapted.detach();
        assertThat(GraphSnapshot.of(graph)).isEqualTo(before);
        assertThat(outputs(graph)).isEqualTo(outputs(weight.graph(DataType.DOUBLE)));
    }

    @ParameterizedTest
    @MethodSource("loadable")
    void stockSameDiff_savesAndLoadsTheAdaptedGraph(WeightCase weight, @TempDir Path folder) {
        SameDiff graph = weight.graph(DataType.DOUBLE);
        weight.attachFilled(graph);
        assertThat(outputs(reloaded(graph, folder))).isEqualTo(outputs(graph));
    }

    @ParameterizedTest
    @MethodSource("loadable")
    void reloadedBase_isAdaptedAlike(WeightCase weight, @TempDir Path folder) {
        SameDiff loaded = reloaded(weight.graph(DataType.DOUBLE), folder);
        AdaptedGraph adapted = weight.attachFilled(loaded);
        Factors factors = adapted.adapter().factors().get("w");
        assertClose(outputs(loaded), expected(weight, DataType.DOUBLE, factors), DataType.DOUBLE);
    }

    @ParameterizedTest
    @MethodSource("unloadable")
    void theOthers_areNotLoadedByStockSameDiffEither(WeightCase weight, @TempDir Path folder) {
        assertThatThrownBy(() -> reloaded(weight.graph(DataType.DOUBLE), folder))
                .isInstanceOf(NullPointerException.class);
    }

    @Test
    void productOfTwoTargets_hasTheirChangesProductToo() {
        SameDiff graph = product();
        AdaptedGraph adapted = LoraPlus.attach(
                graph, WeightCase.CONFIG.toBuilder().targets("w", "v").build());
        Fixtures.fill(adapted, 5);
        SameDiff plain = product();
        adapted.adapter().factors().forEach((name, f) -> plain.getVariable(name)
                .getArr()
                .addi(
                        name.equals("w")
                                ? f.a().mmul(f.b()).transpose().mul(1.5)
                                : f.a().mmul(f.b()).mul(1.5)));
        assertClose(outputs(graph), outputs(plain), DataType.DOUBLE);
    }

    private static SameDiff product() {
        SameDiff graph = SameDiff.create();
        SDVariable w = graph.var("w", Fixtures.random(1, DataType.DOUBLE, 5, 7));
        SDVariable v = graph.var("v", Fixtures.random(2, DataType.DOUBLE, 7, 6));
        graph.mmul("out", w, v).mean().rename("loss");
        return graph;
    }

    private static SameDiff reloaded(SameDiff graph, Path folder) {
        graph.save(folder.resolve("graph.fb").toFile(), false);
        return SameDiff.load(folder.resolve("graph.fb").toFile(), false);
    }

    private static Map<String, INDArray> outputs(SameDiff graph) {
        return graph.output(WeightCase.batch(graph), "out", "loss");
    }

    private static Map<String, INDArray> expected(WeightCase weight, DataType type, Factors factors) {
        SameDiff plain = weight.graph(type);
        plain.getVariable("w").getArr().assign(weight.changedWeight(factors, WeightCase.CONFIG.scaling()));
        return outputs(plain);
    }

    private static void assertClose(Map<String, INDArray> got, Map<String, INDArray> expected, DataType type) {
        double limit = type == DataType.DOUBLE ? 1e-12 : 1e-5;
        expected.forEach((name, value) -> {
            double error = got.get(name).sub(value).norm2Number().doubleValue();
            assertThat(error / value.norm2Number().doubleValue()).as(name).isLessThan(limit);
        });
    }
}
