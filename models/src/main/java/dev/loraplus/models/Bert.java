package dev.loraplus.models;

import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Builds a BERT encoder with pooler and classification head as a SameDiff graph of few, large operations.
 *
 * <p>Every weight is a VARIABLE under its PyTorch name. Batch b and length t are free in every call:
 *
 * <ul>
 *   <li>placeholder {@value #INPUT_IDS} {@code [b, t]}, INT, {@code t <= config.maxPositions()}
 *   <li>placeholder {@value #ATTENTION_MASK} {@code [b, t]}, of the weights' type: 1 for a token, 0 for padding
 *   <li>placeholder {@value #LABELS} {@code [b, labels]}, of the weights' type, one-hot; only the loss needs it
 *   <li>output {@value #LAST_HIDDEN_STATE} {@code [b, t, H]}: the token embeddings; rows of padding mean nothing
 *   <li>output {@value #POOLER_OUTPUT} {@code [b, H]}, output {@value #LOGITS} {@code [b, labels]}
 *   <li>output {@value #LOSS}, a scalar: softmax cross-entropy, mean over the batch; the graph's loss variable
 * </ul>
 *
 * <p>All tokens have type 0, and there is no dropout, so a forward pass is transformers' in evaluation mode. Freeze what is
 * not to be trained, above all {@code bert.embeddings.word_embeddings.weight}: the gradient that ND4J 1.0.0-M2.1 gives for
 * its {@code gather} is wrong.
 *
 * @since 0.1.0
 */
public final class Bert {
    /** The placeholder of the token numbers. */
    public static final String INPUT_IDS = "input_ids";
    /** The placeholder that tells tokens from padding. */
    public static final String ATTENTION_MASK = "attention_mask";
    /** The placeholder of the one-hot classes. */
    public static final String LABELS = "labels";
    /** The token embeddings. */
    public static final String LAST_HIDDEN_STATE = "last_hidden_state";
    /** The transformed first token. */
    public static final String POOLER_OUTPUT = "pooler_output";
    /** The scores of the classes before softmax. */
    public static final String LOGITS = "logits";
    /** The mean cross-entropy of a batch. */
    public static final String LOSS = "loss";

    /** What is added to the scores of padding, as in BERT's first release; its probability is then 0 in FLOAT. */
    private static final double MASKED = -10_000;

    /** The largest epsilon that ND4J's layer_norm, which adds none, agrees with: BERT's own. */
    private static final double NEGLIGIBLE_EPS = 1e-12;

    private final SameDiff sd = SameDiff.create();
    private final BertConfig config;
    private final DataType type;

    private Bert(BertWeights weights) {
        this.config = weights.config();
        this.type = weights.dataType();
        weights.tensors().forEach((name, array) -> sd.var(name, array.dup('c')));
    }

    /** Returns a new graph that holds its own copy of the weights. */
    public static SameDiff classifier(BertWeights weights) {
        Bert bert = new Bert(weights);
        bert.build();
        return bert.sd;
    }

    private void build() {
        SDVariable ids = sd.placeHolder(INPUT_IDS, DataType.INT, -1, -1);
        SDVariable mask = sd.placeHolder(ATTENTION_MASK, type, -1, -1);
        SDVariable labels = sd.placeHolder(LABELS, type, -1, config.labels());
        SDVariable size = sd.shape("input_size", ids);
        SDVariable hiddenSize = longs("hidden_size", config.hiddenSize());
        SDVariable hiddenShape = sd.concat("hidden_shape", 0, size, hiddenSize);
        SDVariable headShape = sd.concat("head_shape", 0, size, longs("head_size", config.heads(), config.headSize()));
        SDVariable maskScores = sd.expandDims(sd.expandDims(mask.rsub(1.0).mul(MASKED), 1), 1);

        SDVariable x = embeddings(ids, size, hiddenSize);
        for (int i = 0; i < config.layers(); i++) {
            x = norm(BertTensors.layer(i, "attention.output.LayerNorm"), x.add(attention(i, x, headShape, maskScores)));
            x = norm(BertTensors.layer(i, "output.LayerNorm"), x.add(feedForward(i, x)));
        }
        SDVariable tokens = sd.reshape(LAST_HIDDEN_STATE, x, hiddenShape);
        SDVariable logits = linear(BertTensors.CLASSIFIER, pooled(tokens), LOGITS);
        sd.loss.softmaxCrossEntropy(LOSS, labels, logits, null);
        sd.setLossVariables(LOSS);
    }

    /** Returns the normalised sum of word, position and type embeddings, {@code [b*t, H]}. */
    private SDVariable embeddings(SDVariable ids, SDVariable size, SDVariable hiddenSize) {
        SDVariable length = sd.stridedSlice("input_length", size, new long[] {1}, new long[] {2}, 1);
        SDVariable rows = sd.concat("position_rows", 0, length, hiddenSize);
        SDVariable positions = sd.slice(weight(BertTensors.POSITIONS), longs("first_row", 0, 0), rows);
        SDVariable typeZero = sd.stridedSlice(
                weight(BertTensors.TYPES), new long[] {0, 0}, new long[] {1, config.hiddenSize()}, 1, 1);
        SDVariable sum = sd.gather(weight(BertTensors.WORDS), ids, 0).add(positions.add(typeZero));
        return norm(BertTensors.EMBEDDINGS_NORM, sd.reshape(sum, -1, config.hiddenSize()));
    }

    private SDVariable attention(int layer, SDVariable x, SDVariable headShape, SDVariable maskScores) {
        SDVariable query = heads(BertTensors.layer(layer, "attention.self.query"), x, headShape);
        SDVariable key = heads(BertTensors.layer(layer, "attention.self.key"), x, headShape);
        SDVariable value = heads(BertTensors.layer(layer, "attention.self.value"), x, headShape);
        SDVariable scores = sd.mmul(query, key, false, true, false).mul(1 / Math.sqrt(config.headSize()));
        SDVariable context = sd.mmul(sd.nn.softmax(scores.add(maskScores), -1), value);
        SDVariable joined = sd.reshape(sd.permute(context, 0, 2, 1, 3), -1, config.hiddenSize());
        String output = BertTensors.layer(layer, "attention.output.dense");
        return linear(output, joined, output);
    }

    /** Returns a projection of {@code [b*t, H]} as {@code [b, heads, t, H/heads]}. */
    private SDVariable heads(String module, SDVariable x, SDVariable headShape) {
        return sd.permute(sd.reshape(linear(module, x, module), headShape), 0, 2, 1, 3);
    }

    private SDVariable feedForward(int layer, SDVariable x) {
        String in = BertTensors.layer(layer, "intermediate.dense");
        String out = BertTensors.layer(layer, "output.dense");
        return linear(out, gelu(linear(in, x, in)), out);
    }

    /** Returns 0.5·x·(1 + erf(x/√2)); both of ND4J's own are approximations of it. */
    private SDVariable gelu(SDVariable x) {
        return sd.math.erf(x.mul(1 / Math.sqrt(2))).add(1.0).mul(x.mul(0.5));
    }

    private SDVariable pooled(SDVariable tokens) {
        long[] begin = {0, 0, 0};
        long[] end = {0, 1, 0};
        int allButDimensionOne = 0b101;
        int dimensionOne = 0b010;
        SDVariable first = sd.stridedSlice(
                tokens, begin, end, new long[] {1, 1, 1}, allButDimensionOne, allButDimensionOne, 0, 0, dimensionOne);
        return sd.math.tanh(POOLER_OUTPUT, linear(BertTensors.POOLER, first, BertTensors.POOLER));
    }

    private SDVariable linear(String module, SDVariable x, String output) {
        return sd.mmul(x, weight(module)).add(output, bias(module));
    }

    private SDVariable norm(String module, SDVariable x) {
        if (config.layerNormEps() <= NEGLIGIBLE_EPS) {
            return sd.nn.layerNorm(module, x, weight(module), bias(module), false, 1);
        }
        SDVariable centered = x.sub(x.mean(true, 1));
        SDVariable deviation =
                sd.math.sqrt(sd.math.square(centered).mean(true, 1).add(config.layerNormEps()));
        return centered.div(deviation).mul(weight(module)).add(module, bias(module));
    }

    private SDVariable weight(String module) {
        return sd.getVariable(BertTensors.weight(module));
    }

    private SDVariable bias(String module) {
        return sd.getVariable(BertTensors.bias(module));
    }

    private SDVariable longs(String name, long... values) {
        return sd.constant(name, Nd4j.createFromArray(values));
    }
}
