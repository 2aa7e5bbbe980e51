package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.of;

import dev.loraplus.Targets.Candidate;
import dev.loraplus.Targets.Owner;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TargetsTest {
    private static final String EMBEDDING = "bert.embeddings.weight";
    private static final String QUERY0 = "bert/layer.0/query.weight";
    private static final String QUERY1 = "bert/layer.1/query.weight";
    private static final String VALUE = "bert/layer.1/value.weight";
    private static final String PLAIN = "W";

    private static final List<Candidate> CANDIDATES = List.of(
            new Candidate(EMBEDDING, false, "FLOAT [9, 4]"),
            new Candidate(QUERY0, true, "FLOAT [4, 4]"),
            new Candidate(QUERY1, true, "FLOAT [4, 4]"),
            new Candidate(VALUE, true, "FLOAT [4, 6]"),
            new Candidate(PLAIN, true, "FLOAT [6, 2]"));

    static Stream<Arguments> selections() {
        return Stream.of(
                of(Targets.allLinear(), List.of(QUERY0, QUERY1, VALUE, PLAIN)),
                of(Targets.named("query"), List.of(QUERY0, QUERY1)),
                of(Targets.named("query.weight"), List.of(QUERY0, QUERY1)),
                of(Targets.named("0.query"), List.of(QUERY0)),
                of(Targets.named("layer.0/query"), List.of(QUERY0)),
                of(Targets.named(QUERY0, PLAIN), List.of(QUERY0, PLAIN)),
                of(Targets.named("embeddings"), List.of(EMBEDDING)),
                of(Targets.glob("*.query"), List.of(QUERY0, QUERY1)),
                of(Targets.glob("bert.layer.?.query"), List.of(QUERY0, QUERY1)),
                of(Targets.glob("bert/layer.1/*"), List.of(QUERY1, VALUE)),
                of(Targets.glob("?"), List.of(PLAIN)),
                of(Targets.regex(".*\\.(query|value)"), List.of(QUERY0, QUERY1, VALUE)),
                of(Targets.regex("bert\\.layer\\.[1-9]\\..*"), List.of(QUERY1, VALUE)),
                of(Targets.named("value").and(Targets.named("W")), List.of(VALUE, PLAIN)),
                of(Targets.allLinear().exclude("query"), List.of(VALUE, PLAIN)),
                of(Targets.allLinear().exclude(Targets.regex(".*1.*")), List.of(QUERY0, PLAIN)),
                of(Targets.named("query").exclude("0.query").and(Targets.named(QUERY0)), List.of(QUERY1)));
    }

    @ParameterizedTest
    @MethodSource("selections")
    void resolve_selectsInTheModelsOrder(Targets targets, List<String> expected) {
        assertThat(targets.resolve(CANDIDATES)).isEqualTo(expected);
    }

    static Stream<Targets> strangers() {
        return Stream.of(
                Targets.named("uery"),
                Targets.named("bert"),
                Targets.named("layer.0"),
                Targets.glob("query"),
                Targets.glob("bert.layer.(0|1).query"),
                Targets.regex("query"));
    }

    @ParameterizedTest
    @MethodSource("strangers")
    void partOfAName_isNoMatch_andTheMessageListsWhatExists(Targets targets) {
        assertThatThrownBy(() -> targets.resolve(CANDIDATES))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageStartingWith("No weight matches targets " + targets)
                .hasMessageContaining("'" + QUERY0 + "' FLOAT [4, 4]")
                .hasMessageContaining("'" + PLAIN + "' FLOAT [6, 2]");
    }

    @Test
    void everythingExcluded_isSaid() {
        assertThatThrownBy(() ->
                        Targets.named("query").exclude(Targets.glob("*query*")).resolve(CANDIDATES))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageStartingWith(
                        "All 2 matching weights are excluded by targets [name 'query'] except [glob" + " '*query*']");
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                malformed(() -> Targets.named(), "at least one name or pattern, got none"),
                malformed(() -> Targets.named("a", " "), "must not be blank, got [a,  ]"),
                malformed(() -> Targets.glob(""), "must not be blank"),
                malformed(() -> Targets.regex(" "), "must not be blank"),
                malformed(() -> Targets.regex("a(b"), "valid regular expression, got 'a(b': Unclosed group"));
    }

    private static Arguments malformed(Supplier<Targets> made, String message) {
        return of(made, message);
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("malformed")
    void malformedTargets_areRefusedInWords(Supplier<Targets> made, String message) {
        assertThatThrownBy(made::get)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("targets must")
                .hasMessageContaining(message);
    }

    @Test
    void equality_coversKindTextAndExclusions() {
        assertThat(Targets.named("a").exclude("b"))
                .isEqualTo(Targets.named("a").exclude("b"))
                .hasSameHashCodeAs(Targets.named("a").exclude("b"))
                .isNotEqualTo(Targets.named("a"))
                .isNotEqualTo(Targets.named("a").exclude("c"));
        assertThat(Targets.named("a")).isNotEqualTo(Targets.glob("a")).isNotEqualTo(Targets.named("b"));
        assertThat(Targets.allLinear()).hasToString("[all linear]");
    }

    @Test
    void layersOfANetwork_areSelectedByPositionAndClass() {
        Candidate dense = new Candidate("fc.W", true, "", new Owner("fc", 0, Set.of("a.Dense", "a.Layer")));
        Candidate table = new Candidate("table.W", false, "", new Owner("table", 1, Set.of("a.Table", "a.Layer")));
        List<Candidate> layers = List.of(dense, table);
        assertThat(Targets.index(1).resolve(layers)).containsExactly("table.W");
        assertThat(Targets.index(0, 1).resolve(layers)).containsExactly("fc.W", "table.W");
        assertThat(Targets.named("fc").resolve(layers)).containsExactly("fc.W");
        assertThat(Targets.glob("*").exclude("table").resolve(layers)).containsExactly("fc.W");
        assertThat(new Candidate("x", true, "", new Owner("x", 2, Set.of(String.class.getName()))))
                .satisfies(each -> assertThat(
                                Targets.layerClass(Integer.class, String.class).resolve(List.of(each, dense)))
                        .containsExactly("x"));
        assertThatThrownBy(() -> Targets.index(7).resolve(layers))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("index '7'")
                .hasMessageContaining("'fc.W'");
        assertThatThrownBy(() -> Targets.index(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> Targets.layerClass()).hasMessageContaining("at least one");
    }
}
