package dev.loraplus.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.optim.TrainedParameter;
import dev.loraplus.optim.TrainedParameter.Kind;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class SavedVariablesTest {

    /** PEFT's groups tell a gain of LayerNorm, which isn't decayed, from one of BatchNorm or RMSNorm, which is. */
    @Test
    void modulesToSave_areTrainedAsWhatTheyDo() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 5);
        SDVariable hidden = x.mmul(graph.var("fc", Nd4j.ones(DataType.FLOAT, 5, 4)));
        SDVariable layer = graph.nn.layerNorm(hidden, row(graph, "layer.gain"), row(graph, "layer.shift"), true, 1);
        SDVariable batch = graph.nn.batchNorm(
                layer,
                graph.constant("mean", Nd4j.zeros(DataType.FLOAT, 4)),
                graph.constant("variance", Nd4j.ones(DataType.FLOAT, 4)),
                row(graph, "batch.gain"),
                row(graph, "batch.shift"),
                1e-5,
                1);
        SDVariable rms =
                batch.div(graph.math.sqrt(batch.mul(batch).mean(true, 1))).mul(row(graph, "rms.gain"));
        rms.mmul(graph.var("head.weight", Nd4j.ones(DataType.FLOAT, 4, 3)))
                .add(graph.var("head.bias", Nd4j.ones(DataType.FLOAT, 3)));

        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                LoraConfig.builder()
                        .rank(2)
                        .targets("fc")
                        .modulesToSave("layer", "batch", "rms", "head")
                        .build());

        Map<String, Kind> kinds =
                adapted.parameters().stream().collect(Collectors.toMap(TrainedParameter::name, TrainedParameter::kind));
        assertThat(kinds)
                .containsEntry("layer.gain", Kind.NORM)
                .containsEntry("layer.shift", Kind.NORM)
                .containsEntry("batch.gain", Kind.OTHER_NORM_GAIN)
                .containsEntry("batch.shift", Kind.NORM)
                .containsEntry("rms.gain", Kind.OTHER_NORM_GAIN)
                .containsEntry("head.weight", Kind.WEIGHT)
                .containsEntry("head.bias", Kind.BIAS)
                .hasSize(9);
    }

    private static SDVariable row(SameDiff graph, String name) {
        return graph.var(name, Nd4j.ones(DataType.FLOAT, 4));
    }
}
