package dev.loraplus.samediff;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Tiny rectangular graphs and batches, drawn from Java's own generator. */
public final class Fixtures {
    public static final int BATCH = 5;
    public static final int IN = 7;
    public static final int HIDDEN = 6;
    public static final int OUT = 3;

    private Fixtures() {}

    public static INDArray random(long seed, DataType type, long... shape) {
        Random random = new Random(seed);
        int length = 1;
        for (long size : shape) {
            length *= (int) size;
        }
        double[] values = random.doubles(length, -1, 1).toArray();
        return Nd4j.createFromArray(values).castTo(type).reshape('c', shape);
    }

    /** x·W0 + b0, tanh, ·W1 + b1, mean squared error against the labels. */
    public static SameDiff mlp(DataType type) {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", type, -1, IN);
        SDVariable labels = graph.placeHolder("labels", type, -1, OUT);
        SDVariable w0 = graph.var("layer0.weight", random(1, type, IN, HIDDEN));
        SDVariable b0 = graph.var("layer0.bias", random(2, type, HIDDEN));
        SDVariable w1 = graph.var("layer1.weight", random(3, type, HIDDEN, OUT));
        SDVariable b1 = graph.var("layer1.bias", random(4, type, OUT));
        SDVariable hidden = graph.math.tanh(graph.mmul("z0", x, w0).add("a0", b0));
        SDVariable out = graph.mmul("z1", hidden, w1).add("out", b1);
        SDVariable error = out.sub(labels);
        error.mul(error).mean("loss", true);
        graph.setLossVariables("loss");
        return graph;
    }

    public static Map<String, INDArray> batch(long seed, DataType type) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        batch.put("x", random(seed, type, BATCH, IN));
        batch.put("labels", random(seed + 1000, type, BATCH, OUT));
        return batch;
    }

    public static INDArray output(SameDiff graph, Map<String, INDArray> batch, String name) {
        return graph.output(batch, name).get(name).dup();
    }

    /** What a variable of the graph holds. */
    public static INDArray value(AdaptedGraph adapted, String name) {
        return adapted.graph().getVariable(name).getArr();
    }

    /** Copies of all trained parameters. */
    public static Map<String, INDArray> values(AdaptedGraph adapted) {
        Map<String, INDArray> values = new LinkedHashMap<>();
        adapted.parameters()
                .forEach(parameter -> values.put(
                        parameter.name(), value(adapted, parameter.name()).dup()));
        return values;
    }

    /** Gives both factors values, so that the adapter acts. */
    public static void fill(AdaptedGraph adapted, long seed) {
        adapted.adapter().factors().forEach((name, pair) -> {
            pair.a()
                    .assign(random(
                            seed + name.hashCode(),
                            pair.a().dataType(),
                            pair.a().shape()));
            pair.b()
                    .assign(random(
                            seed - name.hashCode(),
                            pair.b().dataType(),
                            pair.b().shape()));
            if (pair.bias() != null) {
                pair.bias()
                        .assign(random(
                                seed + 1, pair.bias().dataType(), pair.bias().shape()));
            }
            if (pair.magnitude() != null) {
                pair.magnitude()
                        .addi(random(
                                seed + 2,
                                pair.magnitude().dataType(),
                                pair.magnitude().shape()));
            }
        });
    }
}
