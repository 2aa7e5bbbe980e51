package dev.loraplus.samediff;

import dev.loraplus.samediff.WeightCase.Limit;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.enums.WeightsFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.DeConv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.config.LSTMLayerConfig;
import org.nd4j.linalg.api.ops.impl.layers.recurrent.weights.LSTMLayerWeights;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.TensorMmul;
import org.nd4j.linalg.factory.Nd4j;

/** Every kind of use of a weight that stock SameDiff M2.1 can execute. */
final class WeightCases {
    private static final String RIGHT = "branch right";
    private static final String RIGHT_T = "branch right, transposed";
    private static final String LEFT = "branch left";
    private static final String LEFT_T = "branch left, transposed";
    private static final String EFFECTIVE = "effective weight";

    private WeightCases() {}

    static Stream<WeightCase> all() {
        return Stream.of(products(), moved(), twice(), layers(), convolutions(), others())
                .flatMap(s -> s);
    }

    private static Stream<WeightCase> products() {
        return Stream.of(
                of("mmul", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 5, 7), w), 7, 6),
                of("mmul, W transposed", "oi", RIGHT_T, (g, w, t) -> g.mmul(x(g, t, 5, 7), w, false, true, false), 6, 7),
                of("mmul, x transposed", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 7, 5), w, true, false, false), 7, 6),
                of("mmul, both transposed", "oi", RIGHT_T, (g, w, t) -> g.mmul(x(g, t, 7, 5), w, true, true, false), 6, 7),
                of("mmul, W left", "oi", LEFT, (g, w, t) -> g.mmul(w, x(g, t, 7, 5)), 6, 7),
                of("mmul, W left, transposed", "io", LEFT_T, (g, w, t) -> g.mmul(w, x(g, t, 7, 5), true, false, false), 7, 6),
                of("mmul, W left, x transposed", "oi", LEFT, (g, w, t) -> g.mmul(w, x(g, t, 5, 7), false, true, false), 6, 7),
                of("mmul, result transposed", "io", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), w, false, false, true), 7, 6),
                of("mmul, W left, result transposed", "oi", EFFECTIVE, (g, w, t) -> g.mmul(w, x(g, t, 7, 5), false, false, true), 6, 7),
                failing("mmul of a vector", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 7), w), 7, 6),
                wrong("mmul, scaled", "io", EFFECTIVE, (g, w, t) -> scaledMmul(g, x(g, t, 5, 7), w), 7, 6),
                of("mmul of rank 3", "iio", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 2, 5, 7), w), 2, 7, 6),
                of("mmul of rank 3, W transposed", "ooi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 2, 5, 7), w, false, true, false), 2, 6, 7),
                of("linear", "io", RIGHT, (g, w, t) -> g.nn.linear(x(g, t, 5, 7), w, v(g, t, 6)), 7, 6),
                of("reluLayer", "io", EFFECTIVE, (g, w, t) -> g.nn.reluLayer(x(g, t, 5, 7), w, v(g, t, 6)), 7, 6),
                // M2.1's batchMmul fails, crashes or writes past its arrays unless all matrices are square
                failing("batchMmul, W among the right", "io", EFFECTIVE, (g, w, t) -> batch(g, new SDVariable[] {x(g, t, 6, 6), x(g, t, 6, 6)}, new SDVariable[] {w, v(g, t, 6, 6)}), 6, 6),
                failing("batchMmul, W among the left", "oi", EFFECTIVE, (g, w, t) -> batch(g, new SDVariable[] {w, x(g, t, 6, 6)}, new SDVariable[] {x(g, t, 6, 6), x(g, t, 6, 6)}), 6, 6),
                failing("tensorMmul, W contracted first", "io", EFFECTIVE, (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 0), 7, 6),
                failing("tensorMmul, W contracted last", "oi", EFFECTIVE, (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 1), 6, 7),
                failing("tensorMmul, W left", "oi", EFFECTIVE, (g, w, t) -> g.tensorMmul(w, x(g, t, 5, 7), new int[] {1}, 1), 6, 7),
                failing("tensorMmul of rank 3, first", "ioo", EFFECTIVE, (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 0), 7, 2, 3),
                of("tensorMmul of rank 3, last", "ooi", EFFECTIVE, (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 2), 2, 3, 7),
                failing("tensorMmul over two dimensions", "iio", EFFECTIVE, (g, w, t) -> new TensorMmul(g, x(g, t, 5, 4, 3), w, new int[][] {{1, 2}, {0, 1}}).outputVariable(), 4, 3, 6));
    }

    private static Stream<WeightCase> moved() {
        return Stream.of(
                of("transpose", "oi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.transpose(w)), 6, 7),
                of("permute", "oi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.permute(w, 1, 0)), 6, 7),
                of("reshape", "iio", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 8), g.reshape(w, 8, 6)), 4, 2, 6),
                of("reshape with an unknown size", "iio", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 8), g.reshape(w, -1, 6)), 4, 2, 6),
                of("reshape to a constant", "oii", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 8), g.reshape(w, g.constant(Nd4j.createFromArray(6L, 8L))), false, true, false), 6, 2, 4),
                of("permute, reshape", "ooi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.reshape(g.permute(w, 2, 0, 1), 7, 6)), 2, 3, 7),
                of("identity", "oi", EFFECTIVE, (g, w, t) -> g.mmul(g.identity(w), x(g, t, 7, 5)), 6, 7));
    }

    private static Stream<WeightCase> twice() {
        return Stream.of(
                of("two uses", "io", List.of(RIGHT, RIGHT), (g, w, t) -> g.mmul(x(g, t, 5, 7), w).add(g.mmul(x(g, t, 5, 7), w)), 7, 6),
                of("two uses, one transposed", "io", List.of(RIGHT, RIGHT_T), (g, w, t) -> g.mmul(g.math.tanh(g.mmul(x(g, t, 5, 7), w)), w, false, true, false), 7, 6),
                of("a product and a penalty", "io", List.of(RIGHT, EFFECTIVE, EFFECTIVE), (g, w, t) -> g.mmul(x(g, t, 5, 7), w).mul(w.mul(w).mean()), 7, 6),
                of("twice in one product", "oi", List.of(EFFECTIVE, EFFECTIVE), (g, w, t) -> g.mmul(w, w, false, true, false).mul(x(g, t, 6, 6)), 6, 7),
                of("beside another variable", "io", EFFECTIVE, (g, w, t) -> g.mmul(v(g, t, 5, 7), w).mul(x(g, t, 5, 6)), 7, 6));
    }

    private static Stream<WeightCase> layers() {
        return Stream.of(
                lstm("lstmLayer, input weight", (g, w, t) -> lstm(g, t, w, v(g, t, 3, 12)), 7, 12),
                lstm("lstmLayer, recurrent weight", (g, w, t) -> lstm(g, t, v(g, t, 7, 12), w), 3, 12),
                wrong("gru, input weight", "io", EFFECTIVE, (g, w, t) -> g.rnn.gru(x(g, t, 4, 5, 7), x(g, t, 5, 3), w, v(g, t, 3, 9), v(g, t, 9)), 7, 9),
                of("attention, query weight", "ooi", EFFECTIVE, (g, w, t) -> attention(g, t, w, v(g, t, 6, 5)), 2, 3, 7),
                of("attention, output weight", "io", EFFECTIVE, (g, w, t) -> attention(g, t, v(g, t, 2, 3, 7), w), 6, 5));
    }

    private static Stream<WeightCase> convolutions() {
        return Stream.of(
                of("conv2d, YXIO", "iiio", EFFECTIVE, (g, w, t) -> conv2d(g, t, w, WeightsFormat.YXIO), 2, 2, 3, 4),
                failing("conv2d, OIYX", "oiii", EFFECTIVE, (g, w, t) -> conv2d(g, t, w, WeightsFormat.OIYX), 4, 3, 2, 2),
                failing("conv2d, OYXI", "oiii", EFFECTIVE, (g, w, t) -> conv2d(g, t, w, WeightsFormat.OYXI), 4, 2, 2, 3),
                of("conv1d", "iio", EFFECTIVE, (g, w, t) -> g.cnn.conv1d(x(g, t, 5, 3, 6), w, Conv1DConfig.builder().k(2).paddingMode(PaddingMode.VALID).build()), 2, 3, 4),
                of("depthWiseConv2d", "iioo", EFFECTIVE, (g, w, t) -> g.cnn.depthWiseConv2d(x(g, t, 2, 3, 5, 4), w, kernel(WeightsFormat.YXIO)), 2, 2, 3, 4),
                of("separableConv2d, depth weight", "iioo", EFFECTIVE, (g, w, t) -> g.cnn.separableConv2d(x(g, t, 2, 3, 5, 4), w, v(g, t, 1, 1, 12, 5), kernel(WeightsFormat.YXIO)), 2, 2, 3, 4),
                of("deconv2d", "oooi", EFFECTIVE, (g, w, t) -> g.cnn.deconv2d(x(g, t, 2, 3, 5, 4), w, DeConv2DConfig.builder().kH(2).kW(2).build()), 2, 2, 4, 3));
    }

    private static Stream<WeightCase> others() {
        return Stream.of(
                wrong("gather", "io", EFFECTIVE, (g, w, t) -> g.gather(w, g.placeHolder("ids", DataType.INT, 4), 0), 7, 6),
                failing("gather of columns", "oi", EFFECTIVE, (g, w, t) -> g.gather(w, g.placeHolder("ids", DataType.INT, 4), 1), 6, 7),
                of("tanh, a legacy operation", "io", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.math.tanh(w)), 7, 6),
                of("sum, a legacy reduction", "io", EFFECTIVE, (g, w, t) -> x(g, t, 5, 6).mul(w.sum(0)), 7, 6),
                of("add, on its right", "io", EFFECTIVE, (g, w, t) -> x(g, t, 7, 6).add(w), 7, 6),
                of("sub, on its left", "io", EFFECTIVE, (g, w, t) -> w.sub(x(g, t, 7, 6)), 7, 6));
    }

    private static WeightCase of(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(), use);
    }

    private static WeightCase of(String name, String sides, List<String> forms, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, forms, Set.of(), use);
    }

    private static WeightCase wrong(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(Limit.GRADIENT_IS_WRONG), use);
    }

    private static WeightCase failing(String name, String sides, String form, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, sides, List.of(form), Set.of(Limit.GRADIENT_FAILS), use);
    }

    private static WeightCase lstm(String name, WeightCase.Use use, long... shape) {
        return new WeightCase(name, shape, "io", List.of(EFFECTIVE), Set.of(Limit.GRADIENT_IS_WRONG, Limit.LOADING, Limit.FLOAT), use);
    }

    private static SDVariable x(SameDiff graph, DataType type, long... shape) {
        return graph.placeHolder("x" + graph.variables().size(), type, shape);
    }

    private static SDVariable v(SameDiff graph, DataType type, long... shape) {
        int count = graph.variables().size();
        return graph.var("v" + count, Fixtures.random(count, type, shape));
    }

    private static SDVariable scaledMmul(SameDiff graph, SDVariable left, SDVariable right) {
        return new Mmul(graph, left, right) {
            {
                tArguments.set(0, 2.0);
            }
        }.outputVariable();
    }

    private static SDVariable batch(SameDiff graph, SDVariable[] left, SDVariable[] right) {
        SDVariable[] products = graph.batchMmul(left, right);
        return products[0].add(products[1]);
    }

    private static SDVariable lstm(SameDiff graph, DataType type, SDVariable input, SDVariable recurrent) {
        LSTMLayerWeights weights = LSTMLayerWeights.builder()
                .weights(input)
                .rWeights(recurrent)
                .bias(v(graph, type, 12))
                .build();
        LSTMLayerConfig config = LSTMLayerConfig.builder().build();
        SDVariable cell = x(graph, type, 5, 3);
        SDVariable hidden = x(graph, type, 5, 3);
        return graph.rnn.lstmLayer(x(graph, type, 4, 5, 7), cell, hidden, null, weights, config)[0];
    }

    private static SDVariable attention(SameDiff graph, DataType type, SDVariable query, SDVariable output) {
        SDVariable tokens = x(graph, type, 5, 7, 4);
        SDVariable mask = x(graph, type, 5, 4).mul(0).add(1);
        return graph.nn.multiHeadDotProductAttention(
                tokens, tokens, tokens, query, v(graph, type, 2, 3, 7), v(graph, type, 2, 3, 7), output, mask, true);
    }

    private static SDVariable conv2d(SameDiff graph, DataType type, SDVariable weight, WeightsFormat format) {
        return graph.cnn.conv2d(x(graph, type, 2, 3, 5, 4), weight, kernel(format));
    }

    private static Conv2DConfig kernel(WeightsFormat format) {
        return Conv2DConfig.builder().kH(2).kW(2).weightsFormat(format).build();
    }
}
