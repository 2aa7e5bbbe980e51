package dev.loraplus.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.Adapter;
import dev.loraplus.Adapter.Factors;
import dev.loraplus.Adapter.Saved;
import dev.loraplus.Bias;
import dev.loraplus.Initialization;
import dev.loraplus.LoraConfig;
import dev.loraplus.io.FactorLayout;
import dev.loraplus.io.PeftAdapterFile;
import dev.loraplus.io.Safetensors;
import dev.loraplus.io.Slot;
import dev.loraplus.math.AdapterCombination.Weighted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares with what PEFT 0.21.2 makes of the same adapters, see {@code make_combinations.py}. */
class AdapterCombinationTest {
    private static final Path GOLDEN = Path.of("src/test/resources/combinations/peft-0.21.2");
    private static final LoraConfig CONFIG = LoraConfig.builder().rank(2).build();

    static Stream<Arguments> cases() throws IOException {
        Weighted one = part("one", 1);
        Weighted two = part("two", 1);
        Weighted three = part("three", 1);
        List<Weighted> all = List.of(times(one, 0.5), two, times(three, -0.75));
        return Stream.of(
                Arguments.of("linear", AdapterCombination.linear(List.of(times(one, 0.7), times(two, -0.4))), 2),
                Arguments.of("linear-single", AdapterCombination.linear(List.of(times(three, 1.5))), 3),
                Arguments.of(
                        "linear-scaled", AdapterCombination.linear(List.of(times(one, 0.7 * 2.5), times(two, 0.4))), 2),
                Arguments.of(
                        "cat",
                        AdapterCombination.cat(List.of(times(two, -1.2), times(one, 0.5), times(three, 0.3))),
                        7),
                Arguments.of(
                        "cat-scaled", AdapterCombination.cat(List.of(times(one, 0.5 * -0.5), times(two, -1.2))), 4),
                Arguments.of("svd", AdapterCombination.svd(all, OptionalInt.empty()), 3),
                Arguments.of("svd-2", AdapterCombination.svd(all, OptionalInt.of(2)), 2),
                Arguments.of(
                        "svd-4",
                        AdapterCombination.svd(List.of(times(two, 0.5), times(one, -3)), OptionalInt.of(4)),
                        4));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void combination_changesWeightsAsPefts(String name, Adapter combined, int rank) throws IOException {
        Map<String, INDArray> deltas =
                Safetensors.read(GOLDEN.resolve("deltas.safetensors")).tensors();

        assertThat(combined.config().rank()).isEqualTo(rank);
        assertThat(combined.config().scaling()).isEqualTo(1);
        combined.factors().forEach((weight, pair) -> {
            String module = weight.replace(".weight", "");
            INDArray delta = LowRankDelta.of(pair.a(), pair.b(), 1);
            INDArray expected = Objects.requireNonNull(deltas.get(name + "/" + module));
            if (!module.equals("words")) {
                expected = expected.transpose();
            }
            assertThat(pair.a().size(1)).isEqualTo(rank);
            double[] wanted = expected.dup('c').data().asDouble();
            double[] got = delta.dup('c').data().asDouble();
            for (int i = 0; i < wanted.length; i++) {
                assertThat(Math.abs(got[i] - wanted[i]))
                        .as("%s of %s at %d: %s, expected %s", name, weight, i, got[i], wanted[i])
                        .isLessThanOrEqualTo(1e-6 + 1e-5 * Math.abs(wanted[i]));
            }
        });
        assertThat(deltas.keySet().stream().filter(key -> key.startsWith(name + "/")))
                .hasSameSizeAs(combined.factors().keySet());
    }

    @Test
    void svd_fillsRanksBeyondTheShapesWithZeros() {
        Adapter adapter = adapter(CONFIG, Map.of());

        Adapter combined = AdapterCombination.svd(List.of(new Weighted(adapter, 2)), OptionalInt.of(9));

        Factors wide = combined.factors().values().iterator().next();
        Factors pair = adapter.factors().values().iterator().next();
        assertThat(wide.a().shape()).containsExactly(5, 9);
        assertThat(LowRankDelta.of(wide.a(), wide.b(), 1).distance2(LowRankDelta.of(pair.a(), pair.b(), 16)))
                .isLessThan(1e-12);
    }

    @Test
    void combinations_leaveTheAdaptersAsTheyAre_andShareNoArray() {
        Adapter adapter = adapter(CONFIG, Map.of("head", new Saved(Nd4j.ones(DataType.DOUBLE, 3, 2), true)));
        Adapter before = adapter.copy();

        Adapter combined = AdapterCombination.linear(List.of(new Weighted(adapter, 0.5)));
        combined.factors().get("w").a().assign(7);
        combined.saved().get("head").value().assign(7);

        assertThat(adapter.factors()
                        .get("w")
                        .a()
                        .equalsWithEps(before.factors().get("w").a(), 0))
                .isTrue();
        assertThat(adapter.saved().get("head").value().equalsWithEps(Nd4j.ones(DataType.DOUBLE, 3, 2), 0))
                .isTrue();
        assertThat(combined.config().modulesToSave()).containsExactly("head");
    }

    @Test
    void adaptersThatDoNotAddUp_areRefusedInWords() {
        Adapter plain = adapter(CONFIG, Map.of());
        refused(List.of(), "at least one adapter");
        refused(List.of(new Weighted(plain, Double.NaN)), "must be finite, got NaN");
        refused(parts(plain, adapter(with(builder -> builder.dora(true)), Map.of())), "DoRA");
        refused(parts(plain, adapter(with(builder -> builder.loraBias(true)), Map.of())), "bias on B");
        refused(
                parts(plain, adapter(with(builder -> builder.initialization(Initialization.PISSA)), Map.of())),
                "PiSSA");
        refused(parts(adapter(with(builder -> builder.alphaPattern("layer", 3)), Map.of())), "alphaPattern 'layer'");
        Adapter head = adapter(CONFIG, Map.of("head", new Saved(Nd4j.ones(2, 2), true)));
        refused(parts(head, head), "'head' is trained by two adapters");
        Adapter bias = adapter(
                with(builder -> builder.bias(Bias.LORA_ONLY)), Map.of("b", new Saved(Nd4j.ones(2), false, "w")));
        refused(parts(plain, bias), "'b' is a trained bias");
        Adapter other = new Adapter(CONFIG, Map.of("w", factors(6, 2, 4)), Map.of(), Map.of());
        refused(parts(plain, other), "different bases", "[6, 2] and [2, 4], expected [5, r] and [r, 4]");
        Adapter wide = new Adapter(with(builder -> builder.rank(3)), Map.of("w", factors(5, 3, 4)), Map.of(), Map.of());
        assertThatThrownBy(() -> AdapterCombination.linear(parts(plain, wide)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("one rank, got [2, 3]", "cat or svd");
        assertThatThrownBy(() -> AdapterCombination.svd(parts(plain, wide), OptionalInt.of(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank must be at least 1, got 0");
    }

    private static void refused(List<Weighted> parts, String... telling) {
        assertThatThrownBy(() -> AdapterCombination.cat(parts))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(telling);
    }

    private static LoraConfig with(UnaryOperator<LoraConfig.Builder> change) {
        return change.apply(CONFIG.toBuilder()).build();
    }

    private static List<Weighted> parts(Adapter... adapters) {
        return Stream.of(adapters).map(adapter -> new Weighted(adapter, 1)).toList();
    }

    private static Adapter adapter(LoraConfig config, Map<String, Saved> saved) {
        return new Adapter(config, Map.of("w", factors(5, 2, 4)), saved, Map.of());
    }

    private static Factors factors(long nIn, long rank, long nOut) {
        return new Factors(random(3, nIn, rank), random(4, rank, nOut));
    }

    private static INDArray random(long seed, long... shape) {
        Random random = new Random(seed);
        INDArray array = Nd4j.create(DataType.DOUBLE, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextDouble() - 0.5);
        }
        return array;
    }

    private static Weighted times(Weighted part, double weight) {
        return new Weighted(part.adapter(), weight);
    }

    private static Weighted part(String name, double weight) throws IOException {
        List<Slot> slots = new ArrayList<>();
        slots.add(Slot.factors("fc1.weight", 5, 7));
        if (!name.equals("three")) {
            slots.add(Slot.factors("fc2.weight", 7, 4));
            slots.add(Slot.factors("words.weight", 11, 5, FactorLayout.embedding()));
        }
        return new Weighted(PeftAdapterFile.open(GOLDEN.resolve(name)).bind(slots), weight);
    }
}
