package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.loss.LossReduce;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Compares label smoothing, class weights, masks and accumulation with torch's training on the whole batch. */
class LossGoldenTest {
    private static final String FILE = "/training/losses-torch-2.15.0.json";
    private static final double CLOSE = 1e-9;
    private static final int[][] SPLITS = {{7}, {3, 2, 2}, {1, 6}, {5, 2}, {1, 1, 1, 1, 1, 1, 1}};

    @Test
    void everyCase_inEverySplit_isTorchsTrainingOnTheWholeBatch() throws IOException {
        JsonNode golden = golden();
        int runs = 0;
        double worst = 0;
        for (Map.Entry<String, JsonNode> entry : golden.path("cases").properties()) {
            for (int[] split : SPLITS) {
                worst = Math.max(worst, compare(golden, entry.getKey(), entry.getValue(), split));
                runs++;
            }
        }
        assertThat(runs).isEqualTo(35);
        System.out.printf("losses: %d trainings against torch 2.15.0, worst difference %.1e%n", runs, worst);
    }

    private static double compare(JsonNode golden, String name, JsonNode expected, int[] split) {
        JsonNode options = expected.path("options");
        boolean masked = options.has("masked");
        boolean sum = options.path("reduction").asText().equals("sum");
        AdaptedGraph adapted = adapted(golden, masked, sum);
        LoraTrainerBuilder builder = LoraTrainer.builder(adapted)
                .eta(golden.path("constants").path("rate_a").asDouble())
                .features("x")
                .labels("labels")
                .progress(false)
                .labelSmoothing(options.path("label_smoothing").asDouble(0))
                .accumulate(split.length);
        if (options.has("weight")) {
            builder.classWeights(numbers(options.path("weight")));
        }
        if (masked) {
            builder.labelMasks("mask");
        }
        if (sum) {
            builder.lossAverage(LossAverage.SUM);
        }
        List<StepReport> reports = new ArrayList<>();
        try (LoraTrainer trainer = builder.onStep(reports::add).build()) {
            trainer.fit(new Batches(batches(golden, options, split)), 1);
        }
        String what = name + " in " + split.length + " batches";
        double worst = 0;
        double[] losses = numbers(expected.path("losses"));
        assertThat(reports).hasSize(losses.length);
        for (int i = 0; i < losses.length; i++) {
            worst = Math.max(worst, Math.abs(reports.get(i).loss() - losses[i]));
        }
        double norm = Math.hypot(
                matrix(expected.path("gradients").path("a")).norm2Number().doubleValue(),
                matrix(expected.path("gradients").path("b")).norm2Number().doubleValue());
        worst = Math.max(worst, Math.abs(reports.get(0).gradientNorm() - norm));
        worst = Math.max(
                worst, Gradients.distance(Fixtures.value(adapted, "layer.weight.lora_A"), matrix(expected.path("a"))));
        worst = Math.max(
                worst, Gradients.distance(Fixtures.value(adapted, "layer.weight.lora_B"), matrix(expected.path("b"))));
        assertThat(worst).as(what).isCloseTo(0, within(CLOSE));
        return worst;
    }

    private static AdaptedGraph adapted(JsonNode golden, boolean masked, boolean sum) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 5);
        SDVariable labels = graph.placeHolder("labels", DataType.DOUBLE, -1, 4);
        SDVariable mask = masked ? graph.placeHolder("mask", DataType.DOUBLE, -1) : null;
        SDVariable weight = graph.var("layer.weight", matrix(golden.path("w")));
        SDVariable logits = graph.mmul("logits", x, weight);
        LossReduce reduce = sum ? LossReduce.SUM : LossReduce.MEAN_BY_NONZERO_WEIGHT_COUNT;
        graph.loss.softmaxCrossEntropy("loss", labels, logits, mask, reduce, 0);
        graph.setLossVariables("loss");
        LoraConfig config =
                LoraConfig.builder().rank(2).alpha(3).lambda(8).targets("layer").build();
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        Fixtures.value(adapted, "layer.weight.lora_A").assign(matrix(golden.path("a")));
        Fixtures.value(adapted, "layer.weight.lora_B").assign(matrix(golden.path("b")));
        return adapted;
    }

    private static List<org.nd4j.linalg.dataset.api.MultiDataSet> batches(
            JsonNode golden, JsonNode options, int[] split) {
        List<org.nd4j.linalg.dataset.api.MultiDataSet> batches = new ArrayList<>();
        for (int step = 0; step < golden.path("x").size(); step++) {
            INDArray x = matrix(golden.path("x").get(step));
            INDArray labels = Nd4j.zeros(DataType.DOUBLE, x.size(0), 4);
            for (int i = 0; i < x.size(0); i++) {
                labels.putScalar(i, golden.path("classes").get(step).get(i).asInt(), 1);
            }
            INDArray mask = Nd4j.ones(DataType.DOUBLE, x.size(0));
            options.path("masked").forEach(row -> mask.putScalar(row.asInt(), 0));
            int from = 0;
            for (int size : split) {
                INDArray[] masks = options.has("masked") ? new INDArray[] {rows(mask, from, size)} : null;
                batches.add(new MultiDataSet(
                        new INDArray[] {rows(x, from, size)}, new INDArray[] {rows(labels, from, size)}, null, masks));
                from += size;
            }
        }
        return batches;
    }

    private static INDArray rows(INDArray all, int from, int count) {
        INDArray part = all.rank() == 1
                ? all.get(NDArrayIndex.interval(from, from + count))
                : all.get(NDArrayIndex.interval(from, from + count), NDArrayIndex.all());
        return part.dup('c');
    }

    private static INDArray matrix(JsonNode rows) {
        double[][] values = StreamSupport.stream(rows.spliterator(), false)
                .map(LossGoldenTest::numbers)
                .toArray(double[][]::new);
        return Nd4j.createFromArray(values);
    }

    private static double[] numbers(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static JsonNode golden() throws IOException {
        try (InputStream in = Objects.requireNonNull(LossGoldenTest.class.getResourceAsStream(FILE))) {
            return new JsonMapper().readTree(in);
        }
    }
}
