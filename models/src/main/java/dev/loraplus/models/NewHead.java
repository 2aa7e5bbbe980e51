package dev.loraplus.models;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Draws a classification head as transformers does ({@code BertPreTrainedModel._init_weights}), and a pooler if need be. */
final class NewHead {
    /** The standard deviation of a new weight: BERT's {@code initializer_range}. */
    private static final double INITIALIZER_RANGE = 0.02;

    private NewHead() {}

    /** Returns the encoder's tensors with a head for {@code config.labels()} classes, and a pooler where there is none. */
    static Map<String, INDArray> on(Map<String, INDArray> encoder, BertConfig config, long seed) {
        Random random = new Random(seed);
        Map<String, INDArray> all = new LinkedHashMap<>(encoder);
        linear(all, BertTensors.CLASSIFIER, config.hiddenSize(), config.labels(), random);
        if (!all.containsKey(BertTensors.weight(BertTensors.POOLER))) {
            linear(all, BertTensors.POOLER, config.hiddenSize(), config.hiddenSize(), random);
        }
        return all;
    }

    private static void linear(Map<String, INDArray> all, String module, int in, int out, Random random) {
        float[] values = new float[in * out];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (INITIALIZER_RANGE * random.nextGaussian());
        }
        all.put(BertTensors.weight(module), Nd4j.create(values, new long[] {in, out}, 'c'));
        all.put(BertTensors.bias(module), Nd4j.zeros(DataType.FLOAT, out));
    }
}
