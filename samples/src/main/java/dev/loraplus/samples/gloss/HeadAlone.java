package dev.loraplus.samples.gloss;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.optim.Schedule;
import dev.loraplus.samediff.training.LoraTrainer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Trains a copy of the classification head on what the frozen encoder makes of the glosses: the other baseline, and where
 * training with LoRA+ starts, so that the first gradients of the factors are those of a head that knows its classes.
 */
public final class HeadAlone {
    private static final String[] PARAMETERS = {"classifier.weight", "classifier.bias"};
    private static final int EXAMPLES = 1600;
    private static final int PASSES = 10;

    private HeadAlone() {}

    /**
     * Trains and returns a graph that holds the head alone; the model's own head stays as it is.
     *
     * @param encoder a trainer of the model, whose session encodes the glosses
     * @param model the graph whose head is copied
     * @param task the head learns from its first {@value #EXAMPLES} training glosses
     * @param options peak learning rate of the head, and the seed that orders the batches
     */
    public static SameDiff trained(LoraTrainer encoder, SameDiff model, GlossTask task, GlossOptions options) {
        EncodedGlosses training = EncodedGlosses.of(encoder, task.training().first(EXAMPLES));
        SameDiff graph = copyOf(model);
        LoraConfig config = LoraConfig.builder()
                .targets(Targets.none())
                .modulesToSave("classifier")
                .build();
        int steps = PASSES * training.pooled().size();
        try (LoraTrainer trainer = LoraTrainer.builder(LoraPlus.attach(graph, config))
                .eta(options.headRate())
                .schedule(Schedule.linear(steps / 10, steps))
                .build()) {
            Random random = new Random(options.seed());
            for (int pass = 0; pass < PASSES; pass++) {
                List<Integer> order = new ArrayList<>();
                for (int i = 0; i < training.pooled().size(); i++) {
                    order.add(i);
                }
                Collections.shuffle(order, random);
                for (int i : order) {
                    trainer.step(Map.of(
                            "pooled", training.pooled().get(i),
                            "labels", training.labels().get(i)));
                }
            }
        }
        return graph;
    }

    /** Gives a model the values of a trained head. */
    public static void start(SameDiff model, SameDiff head) {
        for (String name : PARAMETERS) {
            model.getVariable(name).getArr().assign(head.getVariable(name).getArr());
        }
    }

    private static SameDiff copyOf(SameDiff model) {
        INDArray weight = model.getVariable(PARAMETERS[0]).getArr().dup();
        INDArray bias = model.getVariable(PARAMETERS[1]).getArr().dup();
        SameDiff graph = SameDiff.create();
        SDVariable pooled = graph.placeHolder("pooled", DataType.FLOAT, -1, weight.size(0));
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, weight.size(1));
        SDVariable logits =
                graph.mmul(pooled, graph.var(PARAMETERS[0], weight)).add("logits", graph.var(PARAMETERS[1], bias));
        graph.loss.softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }
}
