package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DropoutTest {
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).dropout(0.3).seed(17).build();

    @Test
    void mask_keepsTheRateAndTheMean() {
        INDArray mask = mask("w", 0.3, 1, 0, 400, 500);
        double kept = 1.0 / 0.7;
        assertThat(mask.gt(0).castTo(DataType.DOUBLE).meanNumber().doubleValue())
                .isCloseTo(0.7, org.assertj.core.api.Assertions.within(0.005));
        assertThat(mask.meanNumber().doubleValue()).isCloseTo(1, org.assertj.core.api.Assertions.within(0.008));
        assertThat(mask.maxNumber().doubleValue()).isCloseTo(kept, org.assertj.core.api.Assertions.within(1e-6));
        assertThat(mask.minNumber().doubleValue()).isZero();
    }

    @Test
    void mask_dependsOnSeedStepAndTargetOnly() {
        INDArray mask = mask("w", 0.3, 1, 5, 13, 11);
        assertThat(mask("w", 0.3, 1, 5, 13, 11)).isEqualTo(mask);
        assertThat(mask("v", 0.3, 1, 5, 13, 11)).isNotEqualTo(mask);
        assertThat(mask("w", 0.3, 2, 5, 13, 11)).isNotEqualTo(mask);
        assertThat(mask("w", 0.3, 1, 6, 13, 11)).isNotEqualTo(mask);
    }

    @Test
    void sameSeed_trainsTheSameBitForBit_anotherSeedDoesNot() {
        Map<String, INDArray> first = trained(CONFIG);
        Nd4j.getRandom().nextGaussian();
        assertThat(trained(CONFIG)).isEqualTo(first);
        assertThat(trained(CONFIG.toBuilder().seed(18).build())).isNotEqualTo(first);
        assertThat(trained(CONFIG.toBuilder().dropout(0).build())).isNotEqualTo(first);
    }

    @Test
    void usersGraph_neverHoldsADropout() {
        SameDiff graph = Fixtures.mlp(DataType.FLOAT);
        AdaptedGraph adapted = LoraPlus.attach(graph, CONFIG);
        Fixtures.fill(adapted, 3);
        SameDiff without = Fixtures.mlp(DataType.FLOAT);
        Fixtures.fill(LoraPlus.attach(without, CONFIG.toBuilder().dropout(0).build()), 3);
        Map<String, INDArray> batch = Fixtures.batch(1, DataType.FLOAT);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-9).build()) {
            trainer.gradients(batch);
            assertThat(trainer.output(batch, "out").get("out")).isEqualTo(Fixtures.output(without, batch, "out"));
            assertThat(Fixtures.output(graph, batch, "out")).isEqualTo(Fixtures.output(without, batch, "out"));
            assertThat(graph.getVariables().keySet())
                    .isEqualTo(without.getVariables().keySet());
            assertThat(graph.getOps().keySet()).isEqualTo(without.getOps().keySet());
        }
    }

    @Test
    void noDropout_insertsNothing() {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(DataType.FLOAT), CONFIG.toBuilder().dropout(0).build());
        TrainingGraph training = TrainingGraph.of(adapted, true);
        assertThat(training.masks()).isEmpty();
        assertThat(training.gradientGraph().getVariables().keySet()).noneMatch(name -> name.contains("mask"));
    }

    @Test
    void gradients_areThoseOfTheMaskedBranch() {
        AdaptedGraph adapted = LoraPlus.attach(Fixtures.mlp(DataType.DOUBLE), CONFIG);
        Fixtures.fill(adapted, 5);
        Map<String, INDArray> batch = Fixtures.batch(2, DataType.DOUBLE);
        TrainingGraph training = TrainingGraph.of(adapted, false);
        assertThat(training.masks()).hasSize(2);
        training.masks().forEach(mask -> mask.train(3, 0));
        LoraSession session = new LoraSession(training.gradientGraph());
        List<String> wanted = new ArrayList<>(training.gradients().values());
        Map<String, INDArray> got = session.compute(wanted, batch, null, null, at());
        training.gradients().forEach((parameter, gradient) -> {
            INDArray value = Fixtures.value(adapted, parameter);
            INDArray expected = value.dup();
            for (long i = 0; i < value.length(); i++) {
                double before = value.getDouble(i);
                value.putScalar(i, before + 1e-5);
                double above = loss(session, batch);
                value.putScalar(i, before - 1e-5);
                double below = loss(session, batch);
                value.putScalar(i, before);
                expected.putScalar(i, (above - below) / 2e-5);
            }
            assertThat(Gradients.distance(got.get(gradient), expected))
                    .as(parameter)
                    .isLessThan(1e-8);
        });
    }

    @Test
    void loss_isThatOfTheFormulaWithTheMaskDrawn() {
        AdaptedGraph adapted = LoraPlus.attach(
                Fixtures.mlp(DataType.DOUBLE),
                CONFIG.toBuilder().targets("layer0").alpha(6).build());
        Fixtures.fill(adapted, 6);
        Map<String, INDArray> batch = Fixtures.batch(4, DataType.DOUBLE);
        TrainingGraph training = TrainingGraph.of(adapted, false);
        training.masks().forEach(mask -> mask.train(2, 0));
        INDArray x = batch.get("x");
        INDArray mask = Nd4j.create(DataType.DOUBLE, x.shape());
        training.masks().get(0).run(List.of(x), List.of(mask));
        SameDiff plain = Fixtures.mlp(DataType.DOUBLE);
        INDArray branch = x.mul(mask)
                .mmul(Fixtures.value(adapted, "layer0.weight.lora_A"))
                .mmul(Fixtures.value(adapted, "layer0.weight.lora_B"))
                .mul(3);
        INDArray bias = plain.getVariable("layer0.bias").getArr().dup();
        double expected = 0;
        for (int i = 0; i < Fixtures.BATCH; i++) {
            plain.getVariable("layer0.bias").getArr().assign(bias.add(branch.getRow(i)));
            INDArray row = x.getRow(i, true).dup();
            expected += Gradients.loss(
                            plain,
                            Map.of(
                                    "x",
                                    row,
                                    "labels",
                                    batch.get("labels").getRow(i, true).dup()),
                            List.of("loss"))
                    / Fixtures.BATCH;
        }
        assertThat(loss(new LoraSession(training.gradientGraph()), batch))
                .isCloseTo(expected, org.assertj.core.api.Assertions.within(1e-12));
    }

    private static double loss(LoraSession session, Map<String, INDArray> batch) {
        return session.compute(List.of("loss"), batch, null, null, at())
                .get("loss")
                .getDouble(0);
    }

    private static At at() {
        return At.defaultAt(org.nd4j.autodiff.listeners.Operation.TRAINING);
    }

    private static INDArray mask(String target, double probability, long seed, long step, long... shape) {
        DropoutMask mask = new DropoutMask(target, probability, seed);
        mask.train(step, 0);
        INDArray out = Nd4j.create(DataType.FLOAT, shape);
        mask.run(List.of(out), List.of(out));
        return out;
    }

    private static Map<String, INDArray> trained(LoraConfig config) {
        AdaptedGraph adapted = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), config);
        Fixtures.fill(adapted, 3);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted).eta(1e-2).build()) {
            for (int i = 0; i < 3; i++) {
                trainer.step(Fixtures.batch(i, DataType.FLOAT));
            }
        }
        return new LinkedHashMap<>(Fixtures.values(adapted));
    }
}
