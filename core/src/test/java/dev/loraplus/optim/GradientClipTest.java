package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GradientClipTest {
    @Test
    void clip_takesAllArraysAsOneVector() {
        INDArray a = Nd4j.createFromArray(new double[][] {{2, -4}, {4, 0}}); // norm 6
        INDArray b = Nd4j.createFromArray(8.0, 0.0, 0.0); // together 10

        double norm = new GradientClip(5).clip(List.of(a, b));

        double coefficient = 5 / (10 + 1e-6);
        assertThat(norm).isEqualTo(10);
        assertThat(a.data().asDouble())
                .containsExactly(new double[] {2 * coefficient, -4 * coefficient, 4 * coefficient, 0}, within(1e-15));
        assertThat(b.getDouble(0)).isCloseTo(8 * coefficient, within(1e-15));
    }

    @Test
    void clip_leavesAShortGradientBitForBit() {
        INDArray gradient = Nd4j.createFromArray(0.1f, -0.7f, 0.3f);
        INDArray before = gradient.dup();

        double norm = new GradientClip(1).clip(List.of(gradient));

        assertThat(norm).isCloseTo(Math.sqrt(0.59), within(1e-7));
        assertThat(gradient).isEqualTo(before);
        assertThat(gradient.data().asFloat()).containsExactly(0.1f, -0.7f, 0.3f);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void clip_showsANonFiniteGradientAndScalesNothing(float bad) {
        INDArray whole = Nd4j.createFromArray(30f, 40f);
        INDArray broken = Nd4j.createFromArray(1f, bad, 2f);

        double norm = new GradientClip(1).clip(List.of(whole, broken));

        assertThat(norm).matches(value -> !Double.isFinite(value));
        assertThat(whole.data().asFloat()).containsExactly(30f, 40f);
        assertThat(broken.data().asFloat()).containsExactly(1f, bad, 2f);
    }

    @Test
    void norm_ofNothingIsZero() {
        assertThat(GradientClip.norm(List.of())).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void aBoundThatIsNotFiniteAndAboveZero_isRefused(double bad) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GradientClip(bad))
                .withMessageContaining("must be finite and above 0, got " + bad);
    }
}
