package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.AdaptedModel;
import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.AdapterSetChecks;
import dev.loraplus.LoraConfig;
import dev.loraplus.io.Safetensors;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class NamedAdaptersTest {
    private static final Path GOLDEN = Path.of("src/test/resources/combinations/peft-0.21.2");
    private static final Map<String, INDArray> BATCH = Fixtures.batch(5, DataType.DOUBLE);
    private static final LoraConfig FIRST = LoraConfig.builder()
            .rank(2)
            .alpha(6)
            .targets("layer0")
            .modulesToSave("layer1.bias")
            .build();
    private static final LoraConfig SECOND =
            LoraConfig.builder().rank(3).seed(9).build();

    private final SameDiff graph = Fixtures.mlp(DataType.DOUBLE);
    private final NamedAdapters named = NamedAdapters.on(graph);

    @Test
    void activate_givesTheGraphOfThatAdapterAlone_andNoneThePlainOne() {
        GraphSnapshot plain = GraphSnapshot.of(graph);
        INDArray base = output();
        Fixtures.fill(named.add("first", FIRST), 1);
        graph.getVariable("layer1.bias").getArr().addi(0.5);
        INDArray first = output();
        Fixtures.fill(named.add("second", SECOND), 2);
        INDArray second = output();

        named.activate("first");
        assertSame(output(), first);
        assertThat(named.active()).containsExactly("first");
        named.activate("second");
        assertSame(output(), second);
        named.activate();
        assertSame(output(), base);
        assertThat(GraphSnapshot.of(graph)).isEqualTo(plain);
        assertThat(named.names()).containsExactly("first", "second");
        named.activate("first");
        assertSame(output(), first);
        assertThat(first.equalsWithEps(second, 1e-3)).isFalse();
    }

    @Test
    void activate_ofSeveral_addsUpTheirChanges() {
        INDArray weight = graph.getVariable("layer0.weight").getArr().dup();
        Fixtures.fill(named.add("first", SECOND), 1);
        Fixtures.fill(named.add("second", SECOND.toBuilder().rank(2).build()), 2);
        named.setScale("second", -0.5);
        INDArray expected = weight.add(delta("first", 16 / 3.0)).add(delta("second", -0.5 * 8));

        named.activate("first", "second");

        assertThat(named.active()).containsExactly("first", "second");
        assertThatThrownBy(named::adapted)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("[first, second]");
        SameDiff merged = Fixtures.mlp(DataType.DOUBLE);
        NamedAdapters sum = NamedAdapters.on(merged);
        Fixtures.fill(sum.add("first", SECOND), 1);
        Fixtures.fill(sum.add("second", SECOND.toBuilder().rank(2).build()), 2);
        sum.addCat("sum", shares("first", 1, "second", -0.5));
        sum.activate("sum");
        sum.adapted().merge();
        assertThat(merged.getVariable("layer0.weight").getArr().distance2(expected))
                .isLessThan(1e-12);
        assertThat(output().distance2(Fixtures.output(merged, BATCH, "out"))).isLessThan(1e-12);
        named.setScale("second", 0);
        INDArray withoutSecond = output();
        named.activate("first");
        assertThat(output().distance2(withoutSecond)).isLessThan(1e-12);
    }

    @Test
    void setScale_multipliesTheChange_andStaysWithItsAdapter() {
        INDArray weight = graph.getVariable("layer0.weight").getArr().dup();
        AdaptedGraph adapted = named.add("first", SECOND);
        INDArray base = output();
        Fixtures.fill(adapted, 1);
        INDArray once = output();

        named.setScale("first", 0);
        assertSame(output(), base);
        named.setScale("first", 1);
        assertSame(output(), once);
        named.setScale("first", -2.5);
        named.add("second", SECOND);
        assertThat(named.adapted().scale()).isEqualTo(1);
        named.activate("first");
        assertThat(named.scale("first")).isEqualTo(-2.5);
        named.adapted().merge();
        INDArray expected = weight.add(delta("first", -2.5 * 16 / 3));
        assertThat(graph.getVariable("layer0.weight").getArr().distance2(expected))
                .isLessThan(1e-12);
        assertThat(named.adapted().describe().targets().get(0).scaling()).isCloseTo(-2.5 * 16 / 3, within(1e-12));
        assertThatThrownBy(() -> named.setScale("first", Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("finite, got NaN");
    }

    @Test
    void trainedValues_surviveSwitching() {
        AdaptedGraph first = named.add("first", FIRST);
        LoraTrainer.builder(first).eta(0.01).build().step(BATCH);
        Adapter trained = first.adapter().copy();
        named.add("second", SECOND);
        LoraTrainer.builder(named.adapted()).eta(0.01).build().step(BATCH);

        named.activate("first");

        Adapter back = named.adapted().adapter();
        trained.factors().forEach((name, pair) -> {
            assertSame(factors(back, name).a(), pair.a());
            assertSame(factors(back, name).b(), pair.b());
        });
        trained.saved()
                .forEach((name, saved) -> assertSame(
                        Objects.requireNonNull(back.saved().get(name)).value(), saved.value()));
        assertThatThrownBy(first::adapter)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("detached");
    }

    @Test
    void failures_changeNothing(@TempDir Path folder) throws IOException {
        Fixtures.fill(named.add("first", FIRST), 1);
        INDArray first = output();

        AdapterSetChecks.assertRefusals(named, SECOND, folder);
        try (AdaptedModel.Disabled disabled = named.adapted().disable()) {
            assertThatThrownBy(() -> named.activate())
                    .as("%s", disabled)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("disabled");
        }

        assertThat(named.names()).containsExactly("first");
        assertThat(named.active()).containsExactly("first");
        assertSame(output(), first);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a\\b", ".hidden", "a b"})
    void names_areNamesOfFolders(String name) {
        assertThatThrownBy(() -> named.add(name, SECOND))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("name of an adapter");
    }

    @Test
    void remove_forgetsWhatIsNotActive() {
        named.add("first", FIRST);
        named.add("second", SECOND);
        named.remove("first");

        assertThat(named.names()).containsExactly("second");
        assertThatThrownBy(() -> named.scale("first")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void save_writesPeftsFolders_andLoadReadsThem(@TempDir Path folder) throws IOException {
        Fixtures.fill(named.add(NamedAdapters.DEFAULT, FIRST), 1);
        Fixtures.fill(named.add("other", SECOND), 2);
        named.activate(NamedAdapters.DEFAULT);
        INDArray before = output();

        named.save(folder);

        assertThat(named.active()).containsExactly(NamedAdapters.DEFAULT);
        assertSame(output(), before);
        assertThat(folder.resolve("adapter_config.json")).exists();
        assertThat(folder.resolve("other/adapter_model.safetensors")).exists();
        NamedAdapters loaded = NamedAdapters.on(Fixtures.mlp(DataType.DOUBLE));
        loaded.load(NamedAdapters.DEFAULT, folder);
        loaded.load("other", folder.resolve("other"));
        for (String name : named.names()) {
            named.adapter(name).factors().forEach((weight, pair) -> assertThat(
                            factors(loaded.adapter(name), weight).a().distance2(pair.a()))
                    .isLessThan(1e-6));
        }
    }

    @Test
    void peftsAdapters_combineOnAGraphAsInPeft() throws IOException {
        SameDiff model = words();
        NamedAdapters golden = NamedAdapters.on(model);
        for (String name : new String[] {"one", "two", "three"}) {
            golden.load(name, GOLDEN.resolve(name));
        }
        golden.addCat("cat", shares("two", -1.2, "one", 0.5, "three", 0.3));
        golden.addLinear("linear", shares("one", 0.7, "two", -0.4));
        golden.addSvd("svd", shares("one", 0.5, "two", 1.0, "three", -0.75), OptionalInt.empty());
        golden.setScale("one", 3);
        golden.addSvd("svd-4", shares("two", 0.5, "one", -1.0), OptionalInt.of(4));
        Map<String, INDArray> deltas =
                Safetensors.read(GOLDEN.resolve("deltas.safetensors")).tensors();

        for (String name : new String[] {"cat", "linear", "svd", "svd-4"}) {
            golden.activate(name);
            golden.adapted().merge();
            for (String module : new String[] {"words", "fc1", "fc2"}) {
                INDArray expected = Objects.requireNonNull(deltas.get(name + "/" + module));
                INDArray merged = model.getVariable(module + ".weight").getArr();
                INDArray delta = module.equals("words") ? expected : expected.transpose();
                assertThat(merged.sub(words().getVariable(module + ".weight").getArr())
                                .sub(delta.castTo(DataType.DOUBLE))
                                .amaxNumber()
                                .doubleValue())
                        .as("%s of %s", name, module)
                        .isLessThan(1e-6);
            }
        }
    }

    /** An embedding and two linear layers with the shapes of {@code make_combinations.py}. */
    private static SameDiff words() {
        SameDiff model = SameDiff.create();
        SDVariable indices = model.placeHolder("x", DataType.INT, -1);
        SDVariable x = model.gather(model.var("words.weight", Fixtures.random(1, DataType.DOUBLE, 11, 5)), indices, 0);
        SDVariable hidden = model.math.tanh(x.mmul(model.var("fc1.weight", Fixtures.random(2, DataType.DOUBLE, 5, 7))));
        hidden.mmul("out", model.var("fc2.weight", Fixtures.random(3, DataType.DOUBLE, 7, 4)));
        return model;
    }

    private static Map<String, Double> shares(Object... namesAndShares) {
        Map<String, Double> shares = new LinkedHashMap<>();
        for (int i = 0; i < namesAndShares.length; i += 2) {
            shares.put((String) namesAndShares[i], ((Number) namesAndShares[i + 1]).doubleValue());
        }
        return shares;
    }

    private INDArray output() {
        return Fixtures.output(graph, BATCH, "out");
    }

    private INDArray delta(String name, double scaling) {
        Factors pair = factors(named.adapter(name), "layer0.weight");
        return Nd4j.matmul(pair.a(), pair.b()).mul(scaling);
    }

    private static Factors factors(Adapter adapter, String weight) {
        return Objects.requireNonNull(adapter.factors().get(weight), weight);
    }

    private static void assertSame(INDArray actual, INDArray expected) {
        assertThat(actual.equalsWithEps(expected, 0))
                .as("%s, expected %s", actual, expected)
                .isTrue();
    }
}
