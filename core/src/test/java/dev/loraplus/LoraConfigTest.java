package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.of;

import dev.loraplus.LoraConfig.Builder;
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
                                invalid(b -> b.headRate(1e-3), "headRate = 0.001 has no effect without modulesToSave")))
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
}
