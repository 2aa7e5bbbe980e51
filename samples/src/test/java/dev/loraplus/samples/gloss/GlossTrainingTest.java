package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.models.Bert;
import dev.loraplus.models.MiniLm;
import dev.loraplus.models.WordPieceTokenizer;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import dev.loraplus.samediff.training.TrainingResult;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Trains the real encoder on real definitions for a short while. */
class GlossTrainingTest {
    private static final int STEPS = 50;
    private static final int BATCH = 16;

    @Test
    void fiftyStepsOnWordNet_learnAndLeaveTheBaseBitIdentical() throws Exception {
        SameDiff graph = Bert.classifier(MiniLm.weights(Supersenses.count(), 0));
        Map<String, INDArray> base = new LinkedHashMap<>();
        graph.variables().stream()
                .filter(v -> v.name().startsWith("bert."))
                .filter(v -> v.getArr() != null)
                .forEach(v -> base.put(v.name(), v.getArr().dup()));
        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                LoraConfig.builder()
                        .lambda(4)
                        .targets("query", "value")
                        .modulesToSave("classifier")
                        .headRate(5e-3)
                        .build());
        List<Gloss> glosses = GlossSplits.of(WordNetGlosses.read()).train().subList(0, STEPS * BATCH);
        TrainingResult run;
        try (WordPieceTokenizer tokenizer = MiniLm.tokenizer();
                LoraTrainer trainer = GlossTask.trainer(adapted)
                        .eta(2e-3)
                        .schedule(Schedule.constant(5))
                        .progress(false)
                        .build()) {
            run = trainer.fit(GlossBatches.training(TokenizedGlosses.of(glosses, tokenizer::encode), BATCH, 0), 1);
        }
        assertThat(run.steps()).isEqualTo(STEPS);
        assertThat(mean(run.losses().subList(STEPS - 10, STEPS)))
                .isLessThan(mean(run.losses().subList(0, 10)) - 0.5);
        assertThat(base).hasSizeGreaterThan(100);
        base.forEach(
                (name, before) -> assertThat(graph.getVariable(name).getArr().equalsWithEps(before, 0))
                        .as(name)
                        .isTrue());
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
