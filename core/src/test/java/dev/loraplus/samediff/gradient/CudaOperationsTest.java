package dev.loraplus.samediff.gradient;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.factory.Nd4j;

/** Without a GPU this is what can be said of CUDA: every operation that training executes is one that it declares. */
class CudaOperationsTest {
    /** What all backends know by number; each is one of the operations that begin with Legacy in the list. */
    private static final Set<Op.Type> ENUMERATED = Set.of(
            Op.Type.TRANSFORM_SAME,
            Op.Type.TRANSFORM_STRICT,
            Op.Type.TRANSFORM_FLOAT,
            Op.Type.TRANSFORM_ANY,
            Op.Type.TRANSFORM_BOOL,
            Op.Type.PAIRWISE,
            Op.Type.PAIRWISE_BOOL,
            Op.Type.SCALAR,
            Op.Type.SCALAR_BOOL,
            Op.Type.BROADCAST,
            Op.Type.REDUCE_SAME,
            Op.Type.REDUCE_FLOAT,
            Op.Type.REDUCE_LONG,
            Op.Type.REDUCE_BOOL,
            Op.Type.REDUCE3,
            Op.Type.INDEXREDUCE,
            Op.Type.RANDOM,
            Op.Type.SUMMARYSTATS,
            Op.Type.VARIANCE);

    private static final int VOCABULARY = 11;
    private static final int WIDTH = 6;

    @Test
    void trainingStepWithoutKernels_executesWhatCudaDeclares() throws Exception {
        AdaptedGraph adapted = attached();
        Set<String> session = new TreeSet<>();
        RecordingExecutioner recorder = RecordingExecutioner.record(() -> {
            try (LoraTrainer trainer = LoraTrainer.builder(adapted)
                    .eta(1e-3)
                    .weightDecay(0.1)
                    .maxGradientNorm(0.01)
                    .schedule(Schedule.linear(1, 5))
                    .kernels(false)
                    .build()) {
                trainer.step(batch());
                trainer.step(batch());
            }
            try (GradientComputer computer = GradientComputer.of(adapted, false)) {
                computer.session().observe(op -> session.add(op.opName()));
                FirstStep.gradients(computer, batch());
            }
        });
        check(recorder);
        assertThat(session)
                .contains("gather", "layer_norm", "erf", "softmax", "lora_dropout_mask", "loraplus_gather_grad");
        assertThat(recorder.custom()).contains("gather", "layer_norm", "softmax", "adam_updater", "matmul");
        assertThat(recorder.custom()).noneMatch(name -> name.startsWith("lora"));
        assertThat(recorder.legacy()).anyMatch(name -> name.startsWith("RANDOM"));
    }

    @Test
    void usersGraph_runsAndTrainsWithWhatCudaDeclares() throws Exception {
        SameDiff graph = attached().graph();
        check(RecordingExecutioner.record(() -> {
            graph.output(batch(), "loss");
            Gradients.byStock(graph, batch(), List.of("query.lora_A", "query.lora_B", "out"));
        }));
        graph.getOps().values().forEach(op -> assertThat(op.getOp())
                .as(op.getName())
                .satisfiesAnyOf(
                        known -> assertThat(
                                        known instanceof CustomOp && declared().contains(known.opName()))
                                .isTrue(),
                        known -> assertThat(known instanceof Op && ENUMERATED.contains(known.opType()))
                                .isTrue()));
    }

    private static void check(RecordingExecutioner recorder) {
        assertThat(recorder.custom()).isNotEmpty().isSubsetOf(declared());
        Set<String> types = ENUMERATED.stream().map(Enum::name).collect(Collectors.toSet());
        assertThat(recorder.legacy()).isNotEmpty().allSatisfy(name -> assertThat(types)
                .contains(name.substring(0, name.indexOf(' '))));
    }

    /** Embedding, attention with a mask, layer normalisation, exact GELU and cross entropy. */
    private static AdaptedGraph attached() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, 2, 4);
        SDVariable mask = graph.placeHolder("mask", DataType.FLOAT, 2, 1, 4);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, 2, 3);
        SDVariable x = graph.gather(weight(graph, "table", VOCABULARY, WIDTH), ids, 0);
        x = graph.nn.layerNorm(x, weight(graph, "gain", WIDTH), weight(graph, "shift", WIDTH), false, 2);
        SDVariable flat = graph.reshape(x, 8, WIDTH);
        SDVariable query = graph.reshape(
                graph.mmul(flat, weight(graph, "query", WIDTH, WIDTH)).add(weight(graph, "bias", WIDTH)), 2, 4, WIDTH);
        SDVariable keys = graph.reshape(
                graph.nn.linear(flat, weight(graph, "key", WIDTH, WIDTH), weight(graph, "b", WIDTH)), 2, 4, WIDTH);
        SDVariable scores = graph.mmul(query, keys, false, true, false).mul(0.4).add(mask);
        SDVariable mixed = graph.reshape(graph.mmul(graph.nn.softmax(scores, -1), x), 8, WIDTH);
        SDVariable inner = graph.mmul(mixed.add(flat), weight(graph, "inner", WIDTH, 9));
        SDVariable gelu =
                inner.mul(0.5).mul(graph.math.erf(inner.div(Math.sqrt(2))).add(1.0));
        SDVariable pooled = graph.reshape(gelu, 2, 4, 9).mean(1);
        SDVariable logits = graph.mmul(pooled, weight(graph, "out", 9, 3)).add(weight(graph, "last", 3));
        graph.loss.softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        AdaptedGraph adapted = LoraPlus.attach(
                graph,
                LoraConfig.builder()
                        .rank(2)
                        .dropout(0.2)
                        .targets("query", "key", "inner")
                        .modulesToSave("out", "last", "table", "bias", "gain", "shift")
                        .build());
        Fixtures.fill(adapted, 5);
        return adapted;
    }

    private static SDVariable weight(SameDiff graph, String name, long... shape) {
        return graph.var(name, Fixtures.random(name.hashCode(), DataType.FLOAT, shape));
    }

    private static Map<String, INDArray> batch() {
        return Map.of(
                "ids", Nd4j.createFromArray(new int[][] {{1, 2, 2, 9}, {0, 10, 4, 1}}),
                "mask", Nd4j.createFromArray(new float[][][] {{{0, 0, 0, -1e4f}}, {{0, 0, 0, 0}}}),
                "labels", Nd4j.createFromArray(new float[][] {{1, 0, 0}, {0, 0, 1}}));
    }

    private static Set<String> declared() {
        try (InputStream list = CudaOperationsTest.class.getResourceAsStream("/cuda-ops.txt")) {
            return Set.copyOf(new String(list.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
