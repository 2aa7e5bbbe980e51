package dev.loraplus.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.optim.TrainedParameter.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups, rates and decays that PEFT's create_loraplus_optimizer gave real models; see make_groups.py. */
class PeftGroupsTest {
    @ParameterizedTest
    @ValueSource(strings = {"dora-bias-all", "lora-bias", "lora-only", "bert", "bert-dora", "llama", "gpt2"})
    void reference_placesEveryParameterAsPeft(String name) throws IOException {
        JsonNode golden = golden();
        JsonNode model = golden.at("/cases/" + name);
        List<Tuple> expected = new ArrayList<>();
        model.get("parameters")
                .forEach(each -> expected.add(tuple(
                        each.get("name").asText(),
                        each.get("group").asText(),
                        each.get("rate").asDouble(),
                        each.get("decay").asDouble())));

        ParameterGroups groups = ParameterGroups.of(parameters(model), settings(golden, model));

        assertThat(groups.assignments())
                .extracting(each -> each.parameter().name(), Assignment::group, Assignment::rate, Assignment::decay)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void allKindsAreCompared() throws IOException {
        Set<Kind> seen = EnumSet.noneOf(Kind.class);
        golden().get("cases").forEach(model -> parameters(model).forEach(each -> seen.add(each.kind())));

        assertThat(seen).containsExactlyInAnyOrder(Kind.values());
    }

    private static GroupSettings settings(JsonNode golden, JsonNode model) {
        JsonNode rate = model.get("embeddingRate");
        return GroupSettings.of(
                        golden.get("eta").asDouble(), golden.get("lambda").asDouble())
                .withGrouping(Grouping.REFERENCE)
                .withWeightDecay(golden.get("decay").asDouble())
                .withEmbeddingRate(rate.isNull() ? OptionalDouble.empty() : OptionalDouble.of(rate.asDouble()));
    }

    private static List<TrainedParameter> parameters(JsonNode model) {
        List<TrainedParameter> parameters = new ArrayList<>();
        for (JsonNode each : model.get("parameters")) {
            long[] shape = StreamSupport.stream(each.get("shape").spliterator(), false)
                    .mapToLong(JsonNode::asLong)
                    .toArray();
            Kind kind = Kind.valueOf(each.get("kind").asText());
            parameters.add(new TrainedParameter(each.get("name").asText(), shape, kind));
        }
        return parameters;
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = PeftGroupsTest.class.getResourceAsStream("/optim/groups-peft-0.21.2.json")) {
            return new ObjectMapper().readTree(in);
        }
    }
}
