package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.of;

import dev.loraplus.LoraConfig.Builder;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraConfigTest {
    @Test
    void defaults_areAsDocumented() {
        LoraConfig config = LoraConfig.builder().build();
        assertThat(config.rank()).isEqualTo(8);
        assertThat(config.alpha()).isEqualTo(16);
        assertThat(config.scaling()).isEqualTo(2);
        assertThat(config.lambda()).isEqualTo(16);
        assertThat(config.dropout()).isZero();
        assertThat(config.targets()).isEqualTo(Targets.allLinear());
        assertThat(config.modulesToSave()).isEmpty();
        assertThat(config.headRate()).isEmpty();
        assertThat(config.initialization()).isEqualTo(Initialization.A_RANDOM_B_ZERO);
        assertThat(config.seed()).isZero();
    }

    static Stream<Arguments> invalid() {
        Stream<Arguments> numbers = DoubleStream.of(
                        0, -1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)
                .boxed()
                .flatMap(value -> Stream.of(
                        invalid(b -> b.alpha(value), "alpha must be finite and above 0, got " + value),
                        invalid(b -> b.lambda(value), "lambda must be finite and above 0, got " + value),
                        invalid(
                                b -> b.modulesToSave("head").headRate(value),
                                "headRate must be finite and above 0, got " + value)));
        Stream<Arguments> dropouts = DoubleStream.of(-0.1, 1, 1.5, Double.NaN)
                .mapToObj(value -> invalid(b -> b.dropout(value), "dropout must be in [0, 1), got " + value));
        return Stream.of(
                        numbers,
                        dropouts,
                        Stream.of(
                                invalid(b -> b.rank(0), "rank must be at least 1, got 0"),
                                invalid(b -> b.rank(-3), "rank must be at least 1, got -3"),
                                invalid(b -> b.modulesToSave("head", " "), "modulesToSave must hold names"),
                                invalid(b -> b.headRate(1e-3), "headRate = 0.001 has no effect without modulesToSave"),
                                invalid(b -> b.rankPattern("q", 0), "rankPattern 'q' must be at least 1, got 0"),
                                invalid(b -> b.alphaPattern("q", -1), "alphaPattern 'q' must be finite and above 0"),
                                invalid(b -> b.lambdaPattern("q", 0), "lambdaPattern 'q' must be finite and above 0"),
                                invalid(b -> b.embeddingRate(0), "embeddingRate must be finite and above 0, got 0.0"),
                                invalid(b -> b.layersPattern("layer"), "layersPattern = [layer] has no effect without"),
                                invalid(b -> b.layersToTransform(-1), "layersToTransform must be at least 0, got -1"),
                                invalid(
                                        b -> b.targets(Targets.regex("q.*")).layersToTransform(1),
                                        "layersToTransform = [1] can't be used with targets"),
                                invalid(b -> b.loraBias(true).dora(true), "loraBias can't be used with dora"),
                                invalid(
                                        b -> b.loraBias(true).initialization(Initialization.GAUSSIAN),
                                        "loraBias needs the initialization A_RANDOM_B_ZERO or B_RANDOM_A_ZERO"),
                                invalid(
                                        b -> b.targets(Targets.none())
                                                .modulesToSave("head")
                                                .dora(true),
                                        "[dora] have no effect without targets")))
                .flatMap(s -> s);
    }

    private static Arguments invalid(UnaryOperator<Builder> change, String message) {
        return of(change, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("invalid")
    void invalidValue_isRefusedWithNameGotAndAllowed(UnaryOperator<Builder> change, String message) {
        Builder builder = change.apply(LoraConfig.builder());
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(message);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-3, 0.5, 1, 1e6})
    void lambdaBelowOne_isNoError(double lambda) {
        assertThat(LoraConfig.builder().lambda(lambda).build().lambda()).isEqualTo(lambda);
    }

    static Stream<UnaryOperator<Builder>> changes() {
        return Stream.of(
                b -> b.rank(9),
                b -> b.alpha(17),
                b -> b.rankPattern("q", 2),
                b -> b.alphaPattern("q", 2),
                b -> b.lambdaPattern("q", 2),
                b -> b.rsLora(true),
                b -> b.dora(true),
                b -> b.bias(Bias.ALL),
                b -> b.loraBias(true),
                b -> b.layersToTransform(1),
                b -> b.layersToTransform(1).layersPattern("layer"),
                b -> b.embeddingRate(1e-5),
                b -> b.lambda(4),
                b -> b.dropout(0.25),
                b -> b.targets("key"),
                b -> b.modulesToSave("classifier"),
                b -> b.headRate(1e-4),
                b -> b.initialization(Initialization.A_RANDOM_B_ZERO),
                b -> b.seed(6));
    }

    /** Every field differs from its default here, so that a field that is not copied shows. */
    @ParameterizedTest
    @MethodSource("changes")
    void equality_andToBuilder_coverEveryField(UnaryOperator<Builder> change) {
        LoraConfig config = LoraConfig.builder()
                .rank(3)
                .alpha(5)
                .lambda(2)
                .dropout(0.5)
                .targets("query")
                .modulesToSave("head")
                .headRate(1e-3)
                .initialization(Initialization.B_RANDOM_A_ZERO)
                .seed(7)
                .build();
        LoraConfig copy = config.toBuilder().build();
        assertThat(copy).isEqualTo(config).hasSameHashCodeAs(config).hasToString(config.toString());
        LoraConfig changed = change.apply(config.toBuilder()).build();
        assertThat(changed).isNotEqualTo(config);
        assertThat(changed.toString()).isNotEqualTo(config.toString());
        assertThat(changed.toBuilder().build()).isEqualTo(changed);
    }

    @Test
    void builder_canGoOnWithoutChangingWhatItBuilt() {
        Builder builder = LoraConfig.builder().modulesToSave("head");
        LoraConfig first = builder.build();
        builder.rank(2).modulesToSave("classifier");
        assertThat(first.rank()).isEqualTo(8);
        assertThat(first.modulesToSave()).containsExactly("head");
    }

    /** As PEFT's get_pattern_key: the first key that fits the end of the module's name, from a dot on. */
    @Test
    void patterns_fitTheEndOfAModule_firstHitWins() {
        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .alpha(16)
                .rsLora(true)
                .rankPattern("layer\\.0\\.query", 2)
                .rankPattern("query", 4)
                .rankPattern("a|b", 3)
                .alphaPattern("layer.1.query", 5)
                .lambdaPattern("que", 9)
                .build();
        assertThat(config.rankOf("bert/layer/0/query.weight")).isEqualTo(2);
        assertThat(config.rankOf("bert.layer.1.query")).isEqualTo(4);
        assertThat(config.rankOf("x.b")).isEqualTo(3);
        assertThat(config.rankOf("bert.layer.1.subquery")).isEqualTo(8);
        assertThat(config.alphaOf("layer.1.query.weight")).isEqualTo(5);
        assertThat(config.scalingOf("layer.1.query.weight")).isEqualTo(5 / Math.sqrt(4));
        assertThat(config.scaling()).isEqualTo(16 / Math.sqrt(8));
        assertThat(config.lambdaOf("query")).isEqualTo(config.lambda());
        assertThat(config.idlePatterns(List.of("layer.1.query", "a")))
                .containsExactly("rankPattern 'layer\\.0\\.query'", "lambdaPattern 'que'");
    }
}
