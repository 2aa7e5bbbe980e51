package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void constant_isAlwaysOne() {
        assertThat(factors(Schedule.constant(), 3)).containsExactly(1, 1, 1);
    }

    @Test
    void constantWithWarmUp_risesFromTheFirstStepOn() {
        assertThat(factors(Schedule.constant(4), 6)).containsExactly(0.25, 0.5, 0.75, 1, 1, 1);
    }

    /** After the warm-up as transformers' get_linear_schedule_with_warmup with 2 and 6 steps. */
    @Test
    void linear_risesThenFallsToZero() {
        assertThat(factors(Schedule.linear(2, 6), 8)).containsExactly(0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0);
    }

    /** After the warm-up as transformers' get_cosine_schedule_with_warmup with 2 and 6 steps. */
    @Test
    void cosine_risesThenFallsToZeroAndStaysThere() {
        double[] expected = {0.5, 1, 1, 0.8535533905932737, 0.5, 0.14644660940672627, 0, 0};
        assertThat(factors(Schedule.cosine(2, 6), 8)).containsExactly(expected, within(1e-15));
    }

    /** Ten warm-up steps of 40 and none of 25; a warm-up here is one step ahead of transformers'. */
    @Test
    void schedules_areThoseOfTransformers() throws IOException {
        JsonNode golden = golden();
        for (JsonNode one : golden.get("cases")) {
            long warmUp = one.get("warmUp").asLong();
            JsonNode expected = one.get("factors");
            Schedule schedule =
                    schedule(one.get("name").asText(), warmUp, one.get("total").asLong());
            for (int step = 0; step < expected.size() - 1; step++) {
                assertThat(schedule.factor(step))
                        .as("%s, warm-up %d, step %d", one.get("name"), warmUp, step)
                        .isCloseTo(expected.get(step < warmUp ? step + 1 : step).asDouble(), within(1e-15));
            }
        }
        assertThat(golden.get("cases")).hasSize(12);
    }

    @Test
    void warmUpSteps_areTheShareRoundedUp() throws IOException {
        for (JsonNode one : golden().get("shares")) {
            assertThat(Schedule.warmUpSteps(
                            one.get("share").asDouble(), one.get("total").asLong()))
                    .isEqualTo(one.get("steps").asLong());
        }
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.warmUpSteps(1, 10));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Schedule.warmUpSteps(-0.1, 10))
                .withMessageContaining("share must be in [0, 1)");
    }

    @Test
    void withoutWarmUp_theFirstStepHasThePeakRate() {
        assertThat(List.of(
                        Schedule.linear(0, 5).factor(0),
                        Schedule.cosine(0, 5).factor(0),
                        Schedule.constant(0).factor(0)))
                .containsOnly(1.0);
    }

    @Test
    void factor_staysBetweenZeroAndOne() {
        for (Schedule schedule : List.of(Schedule.constant(7), Schedule.linear(7, 31), Schedule.cosine(7, 31))) {
            assertThat(DoubleStream.of(factors(schedule, 40))).allMatch(factor -> factor >= 0 && factor <= 1);
        }
    }

    @Test
    void badSteps_areRefusedInWords() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Schedule.linear(6, 6))
                .withMessageContaining("warmUp must be in [0, total), got warmUp = 6 and total = 6");
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.cosine(-1, 6));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.constant(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.inverseSquareRoot(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.cosineWithRestarts(0, 6, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.polynomial(0, 6, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.polynomial(0, 6, 1, 1));
        for (Schedule schedule : List.of(
                Schedule.constant(), Schedule.linear(2, 6), Schedule.cosine(0, 6), Schedule.inverseSquareRoot(0))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> schedule.factor(-1))
                    .withMessageContaining("step must be at least 0, got -1");
        }
    }

    private static Schedule schedule(String name, long warmUp, long total) {
        return switch (name) {
            case "constant" -> Schedule.constant(warmUp);
            case "linear" -> Schedule.linear(warmUp, total);
            case "cosine" -> Schedule.cosine(warmUp, total);
            case "restarts" -> Schedule.cosineWithRestarts(warmUp, total, 3);
            case "polynomial" -> Schedule.polynomial(warmUp, total, 2, 0.1);
            case "inverse" -> Schedule.inverseSquareRoot(warmUp);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = ScheduleTest.class.getResourceAsStream("/optim/schedules-transformers-5.23.0.json")) {
            return new ObjectMapper().readTree(in);
        }
    }

    private static double[] factors(Schedule schedule, int steps) {
        return LongStream.range(0, steps).mapToDouble(schedule::factor).toArray();
    }
}
