package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.updaters.AdamUpdater;
import org.nd4j.linalg.factory.Nd4j;

/** The trainer against a loop with nothing of ours, and what training leaves alone. */
class PlainLoraTest {
    private static final double ETA = 1e-2;
    private static final double SCALING = 3;
    private static final List<String> WEIGHTS = List.of("layer0.weight", "layer1.weight");

    /** A graph written by hand, stock gradients, one AdamW with one rate: plain LoRA. */
    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void lambdaOne_isPlainLoraBitForBit(DataType type) {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(type),
                LoraConfig.builder().rank(2).alpha(2 * SCALING).lambda(1).build());
        Map<String, INDArray> parameters = new LinkedHashMap<>();
        adapted.adapter().factors().forEach((name, pair) -> {
            parameters.put(name + ".lora_A", pair.a().dup());
            parameters.put(name + ".lora_B", pair.b().dup());
        });
        SameDiff plain = handWritten(type, parameters);
        Map<String, INDArray> m = new LinkedHashMap<>();
        Map<String, INDArray> v = new LinkedHashMap<>();
        try (LoraTrainer trainer = trainer(adapted)) {
            for (int step = 0; step < 20; step++) {
                Map<String, INDArray> batch = Fixtures.batch(step, type);
                trainer.step(batch);
                Map<String, INDArray> gradients = new LinkedHashMap<>();
                Gradients.quietly(() -> gradients.putAll(plain.calculateGradients(batch, parameters.keySet())));
                for (String name : parameters.keySet()) {
                    INDArray values = plain.getVariable(name).getArr();
                    m.computeIfAbsent(name, key -> values.like());
                    v.computeIfAbsent(name, key -> values.like());
                    adam(values, gradients.get(name).dup(), m.get(name), v.get(name), step);
                }
            }
        }
        for (String name : parameters.keySet()) {
            assertThat(Fixtures.value(adapted, name))
                    .as(name)
                    .isEqualTo(plain.getVariable(name).getArr());
            assertThat(Fixtures.value(adapted, name)).as(name).isNotEqualTo(parameters.get(name));
        }
    }

    @Test
    void training_leavesEveryBaseWeightBitForBit() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph adapted = LoraPlus.attach(
                graph, LoraConfig.builder().rank(2).targets("layer0").build());
        Map<String, byte[]> before = frozen(graph);
        assertThat(before).containsOnlyKeys("layer0.weight", "layer0.bias", "layer1.weight", "layer1.bias");
        try (LoraTrainer trainer = trainer(adapted)) {
            for (int step = 0; step < 50; step++) {
                trainer.step(Fixtures.batch(step, DataType.FLOAT));
            }
            assertThat(trainer.groups().assignments())
                    .extracting(assignment -> assignment.parameter().name())
                    .containsExactlyInAnyOrder("layer0.weight.lora_A", "layer0.weight.lora_B");
            assertThat(trainer.gradients(Fixtures.batch(1, DataType.FLOAT)))
                    .containsOnlyKeys("layer0.weight.lora_A", "layer0.weight.lora_B");
        }
        Map<String, byte[]> after = frozen(graph);
        before.forEach((name, bytes) -> assertThat(after.get(name)).as(name).isEqualTo(bytes));
        assertThat(graph.getUpdaterMap()).isNull();
    }

    private static Map<String, byte[]> frozen(SameDiff graph) {
        Map<String, byte[]> frozen = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.isConstant()) {
                INDArray array = variable.getArr();
                byte[] bytes = new byte[(int) array.length() * 4];
                array.data().asNio().get(bytes);
                frozen.put(variable.name(), bytes);
            }
        }
        return frozen;
    }

    /** tanh((x·W0 + 3·(x·A0)·B0) + b0), and the same again with W1. */
    private static SameDiff handWritten(DataType type, Map<String, INDArray> parameters) {
        SameDiff base = Fixtures.mlp(type);
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, Fixtures.IN);
        SDVariable labels = graph.placeHolder("labels", type, -1, Fixtures.OUT);
        for (String name : List.of("layer0.weight", "layer0.bias", "layer1.weight", "layer1.bias")) {
            graph.constant(name, base.getVariable(name).getArr());
        }
        parameters.forEach((name, value) -> graph.var(name, value.dup()));
        SDVariable hidden = graph.math.tanh(layer(graph, x, WEIGHTS.get(0)).add(graph.getVariable("layer0.bias")));
        SDVariable out = layer(graph, hidden, WEIGHTS.get(1)).add(graph.getVariable("layer1.bias"));
        SDVariable error = out.sub(labels);
        error.mul(error).mean("loss", true);
        graph.setLossVariables("loss");
        return graph;
    }

    private static SDVariable layer(SameDiff graph, SDVariable x, String weight) {
        SDVariable narrow = graph.mmul(x, graph.getVariable(weight + ".lora_A")).mul(SCALING);
        return graph.mmul(x, graph.getVariable(weight)).add(graph.mmul(narrow, graph.getVariable(weight + ".lora_B")));
    }

    /** AdamW without decay as PyTorch's: its corrections for the start are in the rate and in epsilon. */
    private static void adam(INDArray values, INDArray gradient, INDArray m, INDArray v, int step) {
        boolean single = values.dataType() == DataType.FLOAT;
        double first = 1 - Math.pow(single ? 0.9f : 0.9, step + 1);
        double second = Math.sqrt(1 - Math.pow(single ? 0.999f : 0.999, step + 1));
        Nd4j.exec(new AdamUpdater(gradient, v, m, ETA * second / first, 0.9, 0.999, 1e-8 * second, 1 << 30));
        values.subi(gradient);
    }

    private static LoraTrainer trainer(AdaptedGraph adapted) {
        return LoraTrainer.builder(adapted).eta(ETA).progress(false).build();
    }
}
