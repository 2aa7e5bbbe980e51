package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.loraplus.samediff.AdaptedGraph;
import java.util.Objects;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class AdapterReportTest {
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).alpha(6).lambda(4).build();

    @Test
    void reportOfAGraph_saysAllOfEachTarget() throws JsonProcessingException {
        AdaptedGraph adapted = LoraPlus.attach(
                graph(),
                CONFIG.toBuilder().targets("first").modulesToSave("bias").build());
        assign(adapted.adapter());

        JsonNode report = new ObjectMapper().readTree(adapted.describe().toJson());

        assertThat(report.at("/trained/parameters").asLong()).isEqualTo(2 * (5 + 4) + 3);
        assertThat(report.at("/trained/bytes").asLong()).isEqualTo(8 * (2 * (5 + 4) + 3));
        assertThat(report.at("/frozen/parameters").asLong()).isEqualTo(5 * 4 + 4 * 3);
        assertThat(report.at("/frozen/bytes").asLong()).isEqualTo(8 * (5 * 4 + 4 * 3));
        JsonNode target = report.at("/targets/0");
        assertThat(target.path("weight").asText()).isEqualTo("first");
        assertThat(target.path("shape")).hasToString("[5,4]");
        assertThat(target.path("rank").asInt()).isEqualTo(2);
        assertThat(target.path("scaling").asDouble()).isEqualTo(3);
        assertThat(target.path("lambda").asDouble()).isEqualTo(4);
        assertThat(target.at("/uses/0").asText()).contains("branch right");
        assertThat(target.at("/change/normA").asDouble()).isCloseTo(Math.sqrt(10 * 0.25), within(1e-12));
        assertThat(target.at("/change/normB").asDouble()).isCloseTo(Math.sqrt(8 * 4), within(1e-12));
        assertThat(target.at("/change/norm").asDouble()).isCloseTo(3 * 2 * Math.sqrt(20), within(1e-12));
        assertThat(target.at("/change/relativeNorm").asDouble()).isCloseTo(6, within(1e-12));
        assertThat(target.at("/change/effectiveRank").asDouble()).isCloseTo(1, within(1e-12));
        assertThat(report.path("targets")).hasSize(1);
        assertThat(report.path("parameters")).hasSize(3);
        assertThat(report.at("/parameters/2/name").asText()).isEqualTo("bias");
        assertThat(report.at("/parameters/2/rate").isNull()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"A_RANDOM_B_ZERO, false", "PISSA, false", "A_RANDOM_B_ZERO, true", "PISSA, true"})
    void reportOfAGraph_comparesWithTheOriginalWeights_inEveryState(Initialization start, boolean dora) {
        AdaptedGraph adapted = LoraPlus.attach(
                graph(), CONFIG.toBuilder().initialization(start).dora(dora).build());
        assertThat(adapted.describe().targets())
                .allSatisfy(target -> assertThat(target.change().norm()).isLessThan(1e-13));
        assign(adapted.adapter());
        INDArray a = adapted.adapter().factors().get("first").a();
        a.putScalar(0, 0, 3);
        AdapterReport attached = adapted.describe();
        assertThat(attached.targets().get(0).change().norm()).isGreaterThan(0.1);
        adapted.merge();

        assertThat(adapted.describe()).isEqualTo(attached);
        adapted.unmerge();
        try (AdaptedModel.Disabled disabled = adapted.disable()) {
            assertThat(adapted.describe()).as("%s", disabled).isEqualTo(attached);
        }
        adapted.detach();
        assertThat(adapted.describe()).isEqualTo(attached);
    }

    @Test
    void reportOfANetwork_saysHowLayersTakeTheChange() {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .updater(new Adam(0.01))
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).name("conv").nOut(3).build())
                .layer(new OutputLayer.Builder().name("out").nOut(4).build())
                .setInputType(InputType.convolutional(3, 4, 2))
                .build());
        base.init();
        AdapterReport report = LoraPlus.attach(base, CONFIG).describe();

        assertThat(report.trained())
                .isEqualTo(new AdapterReport.Amount(2 * (8 + 3 + 18 + 4), 4 * 2 * (8 + 3 + 18 + 4)));
        assertThat(report.frozen()).isEqualTo(new AdapterReport.Amount(base.numParams(), 4 * base.numParams()));
        assertThat(report.targets().get(0).weight()).isEqualTo("conv.W");
        assertThat(report.targets().get(0).shape()).containsExactly(3L, 2L, 2L, 2L);
        assertThat(report.targets().get(0).uses()).containsExactly("ConvolutionLayer: effective weight");
        assertThat(report.targets().get(1).uses()).containsExactly("OutputLayer: branch right");
        assertThat(report.targets()).allSatisfy(target -> {
            assertThat(target.change().normA()).isPositive();
            assertThat(target.change().norm()).isZero();
        });
        assertThat(report.parameters())
                .extracting(AdapterReport.Parameter::rate)
                .containsExactly(0.01, 0.04, 0.01, 0.04);
        assertThat(report.toString()).contains("rate 0.04", "effective rank 0.00");
    }

    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 5);
        SDVariable hidden = x.mmul(graph.var("first", Nd4j.ones(DataType.DOUBLE, 5, 4)));
        hidden.mmul(graph.var("second", Nd4j.ones(DataType.DOUBLE, 4, 3)))
                .add(graph.var("bias", Nd4j.ones(DataType.DOUBLE, 3)));
        return graph;
    }

    private static void assign(Adapter adapter) {
        Adapter.Factors pair = Objects.requireNonNull(adapter.factors().get("first"));
        INDArray a = pair.a();
        a.assign(0.5);
        pair.b().assign(2);
    }
}
