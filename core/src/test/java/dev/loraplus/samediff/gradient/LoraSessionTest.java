package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class LoraSessionTest {
    @Test
    void sameInputsAgain_giveTheSameGradientsBitForBit() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 7);
        SDVariable hidden = graph.math.tanh(graph.nn.linear(
                x,
                graph.var("w", Fixtures.random(1, DataType.FLOAT, 7, 6)),
                graph.var("b", Fixtures.random(2, DataType.FLOAT, 6))));
        graph.math.tanh(hidden.mul(hidden)).mean("loss");
        graph.setLossVariables("loss");
        AdaptedGraph adapted =
                LoraPlus.attach(graph, LoraConfig.builder().rank(2).build());
        Fixtures.fill(adapted, 3);
        Map<String, INDArray> batch = Map.of("x", Fixtures.random(4, DataType.FLOAT, 5, 7));
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-3).build()) {
            Map<String, INDArray> first = copies(trainer.gradients(batch));
            for (int i = 0; i < 3; i++) {
                assertThat(copies(trainer.gradients(batch))).as("call %d", i).isEqualTo(first);
            }
        }
    }

    private static Map<String, INDArray> copies(Map<String, INDArray> arrays) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        arrays.forEach((name, array) -> copies.put(name, array.dup()));
        return copies;
    }
}
