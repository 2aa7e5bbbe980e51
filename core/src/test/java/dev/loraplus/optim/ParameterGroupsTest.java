package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.tuple;

import dev.loraplus.optim.TrainedParameter.Kind;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParameterGroupsTest {
    private static final double ETA = 1e-3;
    private static final double LAMBDA = 16;
    private static final double DECAY = 0.01;
    private static final GroupSettings STRICT = GroupSettings.of(ETA, LAMBDA).withWeightDecay(DECAY);

    /** The parameters of one adapted layer and of a head, in the order in which a model would name them. */
    private static final List<TrainedParameter> PARAMETERS = List.of(
            new TrainedParameter("query.A", new long[] {32, 4}, Kind.FACTOR_A),
            new TrainedParameter("query.B", new long[] {4, 32}, Kind.FACTOR_B),
            new TrainedParameter("norm.gain", new long[] {32}, Kind.NORM),
            new TrainedParameter("value.A", new long[] {32, 4}, Kind.FACTOR_A),
            new TrainedParameter("value.B", new long[] {4, 32}, Kind.FACTOR_B),
            new TrainedParameter("scale", new long[] {32}, Kind.WEIGHT),
            new TrainedParameter("head.weight", new long[] {32, 5}, Kind.WEIGHT),
            new TrainedParameter("head.bias", new long[] {1, 5}, Kind.BIAS));

    @Test
    void strict_putsLambdaOnBOnly() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT);

        assertThat(namesByRate(groups))
                .isEqualTo(Map.of(
                        ETA,
                        Set.of("query.A", "value.A", "norm.gain", "scale", "head.weight", "head.bias"),
                        0.016,
                        Set.of("query.B", "value.B")));
        assertThat(namesByDecay(groups))
                .isEqualTo(Map.of(
                        DECAY,
                        Set.of("query.A", "value.A", "query.B", "value.B", "scale", "head.weight"),
                        0.0,
                        Set.of("norm.gain", "head.bias")));
    }

    @Test
    void strict_givesWhatIsTrainedFullyTheHeadRate() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT.withHeadRate(OptionalDouble.of(5e-3)));

        assertThat(namesByRate(groups))
                .isEqualTo(Map.of(
                        ETA,
                        Set.of("query.A", "value.A"),
                        5e-3,
                        Set.of("norm.gain", "scale", "head.weight", "head.bias"),
                        0.016,
                        Set.of("query.B", "value.B")));
    }

    @Test
    void strict_withLambdaOne_givesEveryParameterTheSameRate() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT.withLambda(parameter -> 1));

        assertThat(namesByRate(groups).keySet()).containsExactly(ETA);
    }

    /** Expected values: PEFT at HEAD, create_loraplus_optimizer, for parameters of these shapes and roles. */
    @Test
    void reference_placesParametersAsPeft() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT.withGrouping(Grouping.REFERENCE));

        assertThat(groups.assignments())
                .extracting(each -> each.parameter().name(), Assignment::group, Assignment::rate, Assignment::decay)
                .containsExactly(
                        tuple("query.A", "A", ETA, DECAY),
                        tuple("value.A", "A", ETA, DECAY),
                        tuple("head.weight", "A", ETA, DECAY),
                        tuple("query.B", "B", 0.016, DECAY),
                        tuple("value.B", "B", 0.016, DECAY),
                        tuple("scale", "B", 0.016, DECAY),
                        tuple("norm.gain", "B_no_decay", 0.016, 0.0),
                        tuple("head.bias", "B_no_decay", 0.016, 0.0));
    }

    @Test
    void reference_refusesAHeadRateThatWouldHaveNoEffect() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> STRICT.withHeadRate(OptionalDouble.of(5e-3)).withGrouping(Grouping.REFERENCE))
                .withMessageContaining("headRate = 0.005 has no effect with Grouping.REFERENCE");
    }

    /** One parameter of every kind that has a rule of its own. */
    @Test
    void strict_followsItsTableForEveryKind() {
        List<TrainedParameter> parameters = List.of(
                new TrainedParameter("table.A", new long[] {9, 4}, Kind.EMBEDDING_A),
                new TrainedParameter("table.B", new long[] {4, 32}, Kind.EMBEDDING_B),
                new TrainedParameter("query.B.bias", new long[] {32}, Kind.FACTOR_B_BIAS),
                new TrainedParameter("query.bias", new long[] {32}, Kind.BASE_BIAS),
                new TrainedParameter("query.magnitude", new long[] {32}, Kind.MAGNITUDE),
                new TrainedParameter("conv.magnitude", new long[] {1, 4, 1, 1}, Kind.CONV_MAGNITUDE),
                new TrainedParameter("batch.gain", new long[] {32}, Kind.OTHER_NORM_GAIN));

        assertThat(ParameterGroups.of(parameters, STRICT.withHeadRate(OptionalDouble.of(5e-3)))
                        .assignments())
                .extracting(each -> each.parameter().name(), Assignment::group, Assignment::rate, Assignment::decay)
                .containsExactly(
                        tuple("table.A", "A", ETA, DECAY),
                        tuple("table.B", "B", 0.016, DECAY),
                        tuple("query.B.bias", "B_no_decay", 0.016, 0.0),
                        tuple("query.magnitude", "magnitude", ETA, 0.0),
                        tuple("conv.magnitude", "magnitude", ETA, 0.0),
                        tuple("query.bias", "base_no_decay", ETA, 0.0),
                        tuple("batch.gain", "head_no_decay", 5e-3, 0.0));
        assertThat(ParameterGroups.of(parameters, STRICT.withEmbeddingRate(OptionalDouble.of(2e-5)))
                        .assignments())
                .extracting(each -> each.parameter().name(), Assignment::group, Assignment::rate, Assignment::decay)
                .contains(tuple("table.A", "embedding", 2e-5, DECAY), tuple("table.B", "embedding", 2e-5, DECAY));
    }

    @Test
    void lambda_canDifferByParameter() {
        ParameterGroups groups = ParameterGroups.of(
                PARAMETERS, STRICT.withLambda(each -> each.name().startsWith("value") ? 4 : LAMBDA));

        assertThat(groups.of("query.B").rate()).isEqualTo(0.016);
        assertThat(groups.of("value.B").rate()).isEqualTo(0.004);
        assertThat(groups.of("value.A").rate()).isEqualTo(ETA);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(PARAMETERS, STRICT.withLambda(each -> 0)))
                .withMessageContaining("lambda of 'query.B' must be finite and above 0, got 0.0");
    }

    @Test
    void settingsWithoutEffect_areRefused() {
        List<TrainedParameter> factors = PARAMETERS.subList(0, 2);
        List<TrainedParameter> biases = PARAMETERS.subList(7, 8);
        OptionalDouble rate = OptionalDouble.of(1e-5);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(factors, STRICT.withHeadRate(rate)))
                .withMessageContaining("headRate = 1.0E-5 has no effect")
                .withMessageContaining("[query.A, query.B]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(factors, STRICT.withEmbeddingRate(rate)))
                .withMessageContaining("embeddingRate = 1.0E-5 has no effect");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(biases, STRICT))
                .withMessageContaining("weightDecay = 0.01 has no effect");
    }

    @Test
    void of_refusesALambdaThatOnlyEmbeddingsWouldTake() {
        List<TrainedParameter> factors = List.of(
                new TrainedParameter("words.lora_A", new long[] {9, 2}, Kind.EMBEDDING_A),
                new TrainedParameter("words.lora_B", new long[] {2, 5}, Kind.EMBEDDING_B));
        GroupSettings reference = GroupSettings.of(1e-4, 16).withGrouping(Grouping.REFERENCE);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(factors, reference))
                .withMessageContainingAll("lambda = 16.0 has no effect", "1.0E-6", "STRICT");
        assertThat(ParameterGroups.of(factors, reference.withLambda(parameter -> 1))
                        .assignments())
                .hasSize(2);
        assertThat(ParameterGroups.of(factors, GroupSettings.of(1e-4, 16)).assignments())
                .hasSize(2);
    }

    @Test
    void table_alignsColumnsAndCountsWhatIsTrained() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT.withHeadRate(OptionalDouble.of(5e-3)));

        assertThat(groups.table()).isEqualTo("""
                        name         shape    group          rate   decay
                        query.A      [32, 4]  A              0.001  0.01
                        value.A      [32, 4]  A              0.001  0.01
                        query.B      [4, 32]  B              0.016  0.01
                        value.B      [4, 32]  B              0.016  0.01
                        scale        [32]     head           0.005  0.01
                        head.weight  [32, 5]  head           0.005  0.01
                        norm.gain    [32]     head_no_decay  0.005  0
                        head.bias    [1, 5]   head_no_decay  0.005  0
                        trained: 8 parameters, 741 values""");
    }

    @Test
    void of_returnsTheAssignmentOfOneParameterOrSaysWhichThereAre() {
        ParameterGroups groups = ParameterGroups.of(PARAMETERS, STRICT);

        assertThat(groups.of("value.B").rate()).isEqualTo(0.016);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> groups.of("key.B"))
                .withMessageContaining("'key.B' is not a trained parameter")
                .withMessageContaining("value.B");
    }

    @Test
    void of_refusesANameThatComesTwice() {
        List<TrainedParameter> twice = List.of(PARAMETERS.get(0), PARAMETERS.get(0));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ParameterGroups.of(twice, STRICT))
                .withMessageContaining("'query.A' is declared twice");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void of_refusesRatesAndRatiosThatAreNotFiniteAndAboveZero(double bad) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GroupSettings.of(bad, LAMBDA))
                .withMessageContaining("eta must be finite and above 0, got " + bad);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GroupSettings.of(ETA, bad))
                .withMessageContaining("lambda must be finite and above 0, got " + bad);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> STRICT.withHeadRate(OptionalDouble.of(bad)))
                .withMessageContaining("headRate must be finite and above 0, got " + bad);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.01, Double.NaN, Double.POSITIVE_INFINITY})
    void of_refusesADecayThatIsNotFiniteAndAtLeastZero(double bad) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> STRICT.withWeightDecay(bad))
                .withMessageContaining("weightDecay must be finite and at least 0, got " + bad);
    }

    private static Map<Double, Set<String>> namesByRate(ParameterGroups groups) {
        return groups.assignments().stream()
                .collect(Collectors.groupingBy(
                        Assignment::rate,
                        Collectors.mapping(each -> each.parameter().name(), Collectors.toSet())));
    }

    private static Map<Double, Set<String>> namesByDecay(ParameterGroups groups) {
        return groups.assignments().stream()
                .collect(Collectors.groupingBy(
                        Assignment::decay,
                        Collectors.mapping(each -> each.parameter().name(), Collectors.toSet())));
    }
}
