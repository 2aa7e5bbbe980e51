package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class BoundedRegexTest {
    private static final String NAME = "bert.encoder.layer.11.attention.self.query";

    @Test
    void matches_asJavasOwn() {
        String regex = "(?!.*decoder).*\\.layer\\.(1[01]|[0-9]{1,2})\\.attention\\.self\\.(query|value)";

        assertThat(BoundedRegex.of("targets", regex).matches(NAME)).isTrue();
        assertThat(BoundedRegex.of("targets", regex).matches(NAME + "x")).isFalse();
        assertThat(BoundedRegex.of("targets", regex).matches("decoder." + NAME)).isFalse();
        assertThat(BoundedRegex.of("targets", "(.)ert\\1?.*").matches(NAME)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"(.+.+)+\\1\\1!", "((.|.)*)*!", "(.*.*.*.*.*.*.*.*.*.*)!"})
    void matches_givesUpOnExpressionsThatTakeForever(String regex) {
        assertThatThrownBy(() -> BoundedRegex.of("targets", regex).matches(NAME))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'" + regex + "' takes too long on '" + NAME + "'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"(){2147483647}.*", "(?:){1,99999999999999999999}.*", "((){999}){999}.*", "(?:(?:){900,}){900}"})
    void of_refusesCountsThatTakeForever(String regex) {
        assertThatThrownBy(() -> BoundedRegex.of("targets", regex))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000 counted repetitions");
    }

    @Test
    void of_refusesLongDeepAndMalformedExpressions() {
        assertThatThrownBy(() -> BoundedRegex.of("targets", "a".repeat(10_001)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("10000 characters, got 10001");
        assertThatThrownBy(() -> BoundedRegex.of("targets", "(".repeat(9_999)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> BoundedRegex.of("targets", "[a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("targets must be a valid", "'[a'", "index 1");
    }

    @Test
    void deepExpressions_areRefusedInsteadOfOverflowingTheStack() throws InterruptedException {
        List<Throwable> thrown = new CopyOnWriteArrayList<>();
        Runnable both = () -> {
            thrown.add(catchThrowable(() -> BoundedRegex.of("targets", "(".repeat(4_999) + ")".repeat(4_999))));
            thrown.add(catchThrowable(() ->
                    BoundedRegex.of("targets", "(a?|b)*".repeat(999) + "!").matches(NAME)));
        };
        Thread shallow = new Thread(null, both, "shallow", 1 << 17);
        shallow.start();
        shallow.join();

        assertThat(thrown).hasSize(2).hasOnlyElementsOfType(IllegalArgumentException.class);
    }
}
