package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.RampSchedule;

class PeakRateTest {
    @Test
    void warmUp_isDl4jsRamp() {
        assertSame(PeakRate.constant(0.3, 4), new RampSchedule(new FixedSchedule(0.3), 4));
    }

    @Test
    void linearFallWithoutWarmUp_losesTheSameInEveryStep() {
        // not DL4J's PolySchedule, which rises in M2.1: initial * (1 + i / n)^power
        for (int i = 0; i < 12; i++) {
            assertThat(PeakRate.linear(0.3, 0, 12).valueAt(i, 3)).isCloseTo(0.3 - i * 0.3 / 12, within(1e-15));
        }
    }

    @Test
    void cosineFall_isHalfAtItsMiddleAndZeroAtItsEnd() {
        PeakRate rate = PeakRate.cosine(0.3, 2, 12);
        assertThat(rate.valueAt(1, 0)).isEqualTo(0.3);
        assertThat(rate.valueAt(7, 5)).isCloseTo(0.15, within(1e-15));
        assertThat(rate.valueAt(12, 0)).isZero();
    }

    @Test
    void everyFall_isThatOfItsSchedule() {
        for (int i = 0; i < 15; i++) {
            assertThat(PeakRate.cosineWithRestarts(0.3, 2, 12, 3).valueAt(i, 0))
                    .isEqualTo(0.3 * Schedule.cosineWithRestarts(2, 12, 3).factor(i));
            assertThat(PeakRate.polynomial(0.3, 2, 12, 2, 0.1).valueAt(i, 0))
                    .isEqualTo(0.3 * Schedule.polynomial(2, 12, 2, 0.1).factor(i));
            assertThat(PeakRate.inverseSquareRoot(0.3, 2).valueAt(i, 0))
                    .isEqualTo(0.3 * Schedule.inverseSquareRoot(2).factor(i));
        }
    }

    @Test
    void json_keepsTheRate() {
        for (PeakRate rate : List.of(
                PeakRate.constant(0.3, 4),
                PeakRate.linear(0.3, 2, 12),
                PeakRate.cosine(0.3, 2, 12),
                PeakRate.cosineWithRestarts(0.3, 2, 12, 3),
                PeakRate.polynomial(0.3, 2, 12, 2, 0.1),
                PeakRate.inverseSquareRoot(0.3, 2))) {
            MultiLayerConfiguration conf = new NeuralNetConfiguration.Builder()
                    .updater(new Adam(rate))
                    .list()
                    .layer(new OutputLayer.Builder().nIn(3).nOut(2).build())
                    .build();
            MultiLayerConfiguration read = MultiLayerConfiguration.fromJson(conf.toJson());
            assertThat(((OutputLayer) read.getConf(0).getLayer()).getIUpdater()).isEqualTo(new Adam(rate));
        }
    }

    @Test
    void valuesOutsideTheirRange_areRefused() {
        assertThatThrownBy(() -> PeakRate.constant(0, 1)).hasMessageContaining("peak learning rate");
        assertThatThrownBy(() -> PeakRate.linear(0.1, 5, 5)).hasMessageContaining("warmUp");
        assertThatThrownBy(() -> PeakRate.cosineWithRestarts(0.1, 0, 5, 0)).hasMessageContaining("cycles");
        assertThatThrownBy(() -> PeakRate.polynomial(0.1, 0, 5, 1, 1)).hasMessageContaining("end");
    }

    private static void assertSame(ISchedule actual, ISchedule expected) {
        for (int i = 0; i < 12; i++) {
            assertThat(actual.valueAt(i, 3)).as("iteration %d", i).isCloseTo(expected.valueAt(i, 3), within(1e-15));
        }
    }
}
