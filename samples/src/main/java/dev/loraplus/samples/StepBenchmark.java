package dev.loraplus.samples;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.backend.NativeBuild;
import dev.loraplus.models.Bert;
import dev.loraplus.models.MiniLm;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/**
 * Times a training step on MiniLM in three ways, alternated in one run: stock SameDiff on the adapted graph, the
 * rewritten gradient graph with standard operations only, and with Java kernels. Medians and their ratios are printed.
 */
public final class StepBenchmark {
    private static final int BATCH = 16;
    private static final int LENGTH = 64;
    private static final int CLASSES = 45;
    private static final int WARM_UP = 5;
    private static final int VOCABULARY = 30_000;

    private interface Step {
        void run();
    }

    private StepBenchmark() {}

    /** Runs the benchmark; the argument is the number of timed rounds, 30 by default. */
    public static void main(String[] args) throws IOException {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 30;
        System.out.println(NativeBuild.describe());
        Map<String, INDArray> batch = batch();
        Map<String, Step> steps = new LinkedHashMap<>();
        steps.put("stock SameDiff", stock(batch));
        steps.put("rewritten, standard operations", ours(batch, false));
        steps.put("rewritten, Java kernels", ours(batch, true));
        Map<String, double[]> millis = new LinkedHashMap<>();
        steps.keySet().forEach(name -> millis.put(name, new double[rounds]));
        for (int round = -WARM_UP; round < rounds; round++) {
            for (Map.Entry<String, Step> entry : steps.entrySet()) {
                long start = System.nanoTime();
                entry.getValue().run();
                if (round >= 0) {
                    millis.get(entry.getKey())[round] = (System.nanoTime() - start) / 1e6;
                }
            }
        }
        System.out.printf(
                "MiniLM, batch %d x %d tokens, rank 8 on query and value, %d rounds%n", BATCH, LENGTH, rounds);
        double base = median(millis.get("stock SameDiff"));
        millis.forEach((name, times) -> System.out.printf(
                Locale.ROOT, "%-32s median %6.0f ms  ratio %.2f%n", name, median(times), median(times) / base));
    }

    private static Step ours(Map<String, INDArray> batch, boolean kernels) throws IOException {
        LoraTrainer trainer =
                LoraTrainer.builder(adapted()).eta(1e-4).kernels(kernels).build();
        return () -> trainer.step(batch);
    }

    private static Step stock(Map<String, INDArray> batch) throws IOException {
        SameDiff graph = adapted().graph();
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Adam(1e-4))
                .dataSetFeatureMapping(Bert.INPUT_IDS, Bert.ATTENTION_MASK)
                .dataSetLabelMapping(Bert.LABELS)
                .build());
        MultiDataSet data = new MultiDataSet(
                new INDArray[] {batch.get(Bert.INPUT_IDS), batch.get(Bert.ATTENTION_MASK)},
                new INDArray[] {batch.get(Bert.LABELS)});
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        graph.fit(data);
        System.setOut(out);
        return () -> graph.fit(data);
    }

    private static AdaptedGraph adapted() throws IOException {
        return LoraPlus.attach(
                Bert.classifier(MiniLm.weights(CLASSES, 0)),
                LoraConfig.builder()
                        .targets("query", "value")
                        .modulesToSave("classifier")
                        .build());
    }

    private static Map<String, INDArray> batch() {
        Random random = new Random(1);
        INDArray ids = Nd4j.create(DataType.INT, BATCH, LENGTH);
        INDArray mask = Nd4j.ones(DataType.FLOAT, BATCH, LENGTH);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, BATCH, CLASSES);
        for (int i = 0; i < BATCH; i++) {
            int length = LENGTH / 2 + random.nextInt(LENGTH / 2 + 1);
            for (int j = 0; j < LENGTH; j++) {
                ids.putScalar(i, j, j < length ? 1000 + random.nextInt(VOCABULARY - 1000) : 0);
                mask.putScalar(i, j, j < length ? 1 : 0);
            }
            labels.putScalar(i, random.nextInt(CLASSES), 1);
        }
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put(Bert.INPUT_IDS, ids);
        batch.put(Bert.ATTENTION_MASK, mask);
        batch.put(Bert.LABELS, labels);
        return batch;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
