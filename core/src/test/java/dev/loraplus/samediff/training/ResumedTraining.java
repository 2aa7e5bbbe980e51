package dev.loraplus.samediff.training;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** A small training with everything that a checkpoint has to bring back; the same at every start. */
final class ResumedTraining {
    static final int BATCHES = 5;

    private ResumedTraining() {}

    /** A graph of type FLOAT with dropout in its branches and a head that is trained fully. */
    static AdaptedGraph adapted() {
        LoraConfig config = LoraConfig.builder()
                .rank(2)
                .lambda(8)
                .dropout(0.3)
                .seed(5)
                .targets("layer0")
                .modulesToSave("layer1")
                .headRate(3e-3)
                .build();
        AdaptedGraph adapted = LoraPlus.attach(Fixtures.mlp(DataType.FLOAT), config);
        Fixtures.fill(adapted, 21);
        return adapted;
    }

    /** Two batches a step, a warm-up, clipping, and a metric with its best adapter every third step. */
    static LoraTrainerBuilder settings(AdaptedGraph adapted, Path folder) {
        return LoraTrainer.builder(adapted)
                .eta(1e-2)
                .weightDecay(0.01)
                .schedule(Schedule.cosine(3, 2000))
                .maxGradientNorm(0.5)
                .accumulate(2)
                .features("x")
                .labels("labels")
                .progress(false)
                .evaluate(3, Metric.loss(new MultiDataSetIteratorAdapter(batches(70, 2))))
                .keepBest(folder.resolve("best"))
                .metrics(folder.resolve("metrics.jsonl"))
                .checkpoints(folder.resolve("checkpoints"))
                .resume();
    }

    static DataSetIterator data() {
        return batches(0, BATCHES);
    }

    static DataSetIterator batches(int seed, int count) {
        List<DataSet> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Map<String, INDArray> batch = Fixtures.batch(seed + i, DataType.FLOAT);
            all.add(new DataSet(batch.get("x"), batch.get("labels")));
        }
        return new ListDataSetIterator<>(all, 1);
    }

    /** What a training came to. */
    record Outcome(Map<String, INDArray> values, TrainingResult result, List<Best> best) {}

    /** Starts or resumes, and trains. */
    static Outcome run(Path folder, int epochs, UnaryOperator<LoraTrainerBuilder> change) {
        AdaptedGraph adapted = adapted();
        try (LoraTrainer trainer = change.apply(settings(adapted, folder)).build()) {
            TrainingResult result = trainer.fit(data(), epochs);
            return new Outcome(
                    Fixtures.values(adapted), result, trainer.best().stream().toList());
        }
    }
}
