package dev.loraplus.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class AdapterInitTest {
    private static final String NAME = "encoder.query.weight";

    /** Expected: SHA-256 and the linear congruential generator of java.util.Random, computed in Python. */
    @Test
    void kaimingUniform_drawsTheSameNumbersEverywhere() {
        INDArray drawn = AdapterInit.kaimingUniform(NAME, 3, 2, DataType.DOUBLE, 7);

        assertThat(drawn.shape()).containsExactly(3, 2);
        assertThat(drawn.data().asDouble())
                .containsExactly(
                        new double[] {
                            0.20452051464536383,
                            -0.4949557365744406,
                            0.026783214235618278,
                            0.35655605659032275,
                            0.4919485999456399,
                            -0.12498166574911618
                        },
                        within(1e-16));
    }

    /** Kolmogorov-Smirnov at the 1 % level, as PEFT's test_initialization, and the first two moments. */
    @ParameterizedTest
    @CsvSource({"FLOAT, 384, 8", "DOUBLE, 384, 8", "FLOAT, 8, 512"})
    void kaimingUniform_isUniformBetweenPlusAndMinusOneOverTheRootOfTheRows(DataType type, long rows, long columns) {
        double[] values = AdapterInit.kaimingUniform(NAME, rows, columns, type, 11)
                .castTo(DataType.DOUBLE)
                .data()
                .asDouble();
        double bound = 1 / Math.sqrt((double) rows);
        Arrays.sort(values);
        double distance = 0;
        for (int i = 0; i < values.length; i++) {
            double expected = (values[i] / bound + 1) / 2;
            double above = (i + 1.0) / values.length - expected;
            double below = expected - (double) i / values.length;
            distance = Math.max(distance, Math.max(above, below));
        }
        assertThat(distance).isLessThan(1.63 / Math.sqrt(values.length));
        assertThat(values[0]).isBetween((double) (float) -bound, -0.99 * bound);
        assertThat(values[values.length - 1]).isBetween(0.99 * bound, (double) (float) bound);
        assertThat(Arrays.stream(values).average().orElseThrow()).isCloseTo(0, within(0.05 * bound));
        assertThat(Arrays.stream(values).map(value -> value * value).average().orElseThrow())
                .isCloseTo(bound * bound / 3, within(0.03 * bound * bound));
    }

    @Test
    void kaimingUniform_dependsOnSeedAndNameAlone() {
        float[] first = draw(NAME, 5);
        Nd4j.getRandom().setSeed(99);
        draw("another", 5);

        assertThat(draw(NAME, 5)).containsExactly(first);
        assertThat(draw(NAME, 6)).isNotEqualTo(first);
        assertThat(draw("encoder.value.weight", 5)).isNotEqualTo(first);
        assertThat(draw("Aa", 5)).as("names of one hash code").isNotEqualTo(draw("BB", 5));
    }

    @Test
    void kaimingUniform_leavesTheGlobalRandomAlone() {
        Nd4j.getRandom().setSeed(3);
        double expected = Nd4j.getRandom().nextDouble();
        Nd4j.getRandom().setSeed(3);
        draw(NAME, 5);

        assertThat(Nd4j.getRandom().nextDouble()).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE"})
    void factors_areOneRandomAndOneZero(DataType type) {
        Adapter.Factors usual = AdapterInit.factors(Initialization.A_RANDOM_B_ZERO, NAME, 5, 2, 3, type, 1);
        Adapter.Factors original = AdapterInit.factors(Initialization.B_RANDOM_A_ZERO, NAME, 5, 2, 3, type, 1);

        assertThat(usual.a()).isEqualTo(AdapterInit.kaimingUniform(NAME, 5, 2, type, 1));
        assertThat(usual.b()).isEqualTo(Nd4j.zeros(type, 2, 3));
        assertThat(original.a()).isEqualTo(Nd4j.zeros(type, 5, 2));
        assertThat(original.b()).isEqualTo(AdapterInit.kaimingUniform(NAME, 2, 3, type, 1));
        assertThat(usual.a().dataType()).isEqualTo(type);
        assertThat(usual.b().dataType()).isEqualTo(type);
    }

    @Test
    void badSizesAndTypes_areRefusedInWords() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterInit.kaimingUniform(NAME, 3, 2, DataType.HALF, 0))
                .withMessageContaining("'" + NAME + "' must be FLOAT or DOUBLE, got HALF");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterInit.factors(Initialization.A_RANDOM_B_ZERO, NAME, 5, 0, 3, DataType.FLOAT, 0))
                .withMessageContaining("got [5, 0]");
    }

    private static float[] draw(String name, long seed) {
        return AdapterInit.kaimingUniform(name, 4, 3, DataType.FLOAT, seed)
                .data()
                .asFloat();
    }
}
