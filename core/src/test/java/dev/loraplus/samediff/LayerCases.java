package dev.loraplus.samediff;

import static dev.loraplus.samediff.WeightCases.failing;
import static dev.loraplus.samediff.WeightCases.of;
import static dev.loraplus.samediff.WeightCases.v;
import static dev.loraplus.samediff.WeightCases.wrong;
import static dev.loraplus.samediff.WeightCases.x;

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

/** Operations other than products that take a weight. */
final class LayerCases {
    private static final String EFFECTIVE = "effective weight";

    private LayerCases() {}

    static Stream<WeightCase> all() {
        return Stream.of(layers(), convolutions(), others()).flatMap(s -> s);
    }

    private static Stream<WeightCase> layers() {
        return Stream.of(
                lstm("lstmLayer, input weight", (g, w, t) -> lstm(g, t, w, v(g, t, 3, 12)), 7, 12),
                lstm("lstmLayer, recurrent weight", (g, w, t) -> lstm(g, t, v(g, t, 7, 12), w), 3, 12),
                wrong(
                        "gru, input weight",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> g.rnn.gru(x(g, t, 4, 5, 7), x(g, t, 5, 3), w, v(g, t, 3, 9), v(g, t, 9)),
                        7,
                        9),
                of(
                        "attention, query weight",
                        "ooi",
                        EFFECTIVE,
                        (g, w, t) -> attention(g, t, w, v(g, t, 6, 5)),
                        2,
                        3,
                        7),
                of(
                        "attention, output weight",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> attention(g, t, v(g, t, 2, 3, 7), w),
                        6,
                        5));
    }

    private static Stream<WeightCase> convolutions() {
        return Stream.of(
                of("conv2d, YXIO", "iiio", EFFECTIVE, (g, w, t) -> conv2d(g, t, w, WeightsFormat.YXIO), 2, 2, 3, 4),
                failing(
                        "conv2d, OIYX",
                        "oiii",
                        EFFECTIVE,
                        (g, w, t) -> conv2d(g, t, w, WeightsFormat.OIYX),
                        4,
                        3,
                        2,
                        2),
                failing(
                        "conv2d, OYXI",
                        "oiii",
                        EFFECTIVE,
                        (g, w, t) -> conv2d(g, t, w, WeightsFormat.OYXI),
                        4,
                        2,
                        2,
                        3),
                of(
                        "conv1d",
                        "iio",
                        EFFECTIVE,
                        (g, w, t) -> g.cnn.conv1d(
                                x(g, t, 5, 3, 6),
                                w,
                                Conv1DConfig.builder()
                                        .k(2)
                                        .paddingMode(PaddingMode.VALID)
                                        .build()),
                        2,
                        3,
                        4),
                of(
                        "depthWiseConv2d",
                        "iioo",
                        EFFECTIVE,
                        (g, w, t) -> g.cnn.depthWiseConv2d(x(g, t, 2, 3, 5, 4), w, kernel(WeightsFormat.YXIO)),
                        2,
                        2,
                        3,
                        4),
                of(
                        "separableConv2d, depth weight",
                        "iioo",
                        EFFECTIVE,
                        (g, w, t) -> g.cnn.separableConv2d(
                                x(g, t, 2, 3, 5, 4), w, v(g, t, 1, 1, 12, 5), kernel(WeightsFormat.YXIO)),
                        2,
                        2,
                        3,
                        4),
                of(
                        "deconv2d",
                        "oooi",
                        EFFECTIVE,
                        (g, w, t) -> g.cnn.deconv2d(
                                x(g, t, 2, 3, 5, 4),
                                w,
                                DeConv2DConfig.builder().kH(2).kW(2).build()),
                        2,
                        2,
                        4,
                        3));
    }

    private static Stream<WeightCase> others() {
        return Stream.of(
                wrong(
                        "gather",
                        "io",
                        "branch lookup",
                        (g, w, t) -> g.gather(w, g.placeHolder("ids", DataType.INT, 4), 0),
                        7,
                        6),
                failing(
                        "gather of columns",
                        "oi",
                        EFFECTIVE,
                        (g, w, t) -> g.gather(w, g.placeHolder("ids", DataType.INT, 4), 1),
                        6,
                        7),
                of(
                        "tanh, a legacy operation",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), g.math.tanh(w)),
                        7,
                        6),
                of(
                        "sum, a legacy reduction",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> x(g, t, 5, 6).mul(w.sum(0)),
                        7,
                        6),
                of(
                        "add, on its right",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> x(g, t, 7, 6).add(w),
                        7,
                        6),
                of("sub, on its left", "io", EFFECTIVE, (g, w, t) -> w.sub(x(g, t, 7, 6)), 7, 6));
    }

    private static WeightCase lstm(String name, WeightCase.Use use, long... shape) {
        return new WeightCase(
                name,
                shape,
                "io",
                List.of(EFFECTIVE),
                Set.of(Limit.GRADIENT_IS_WRONG, Limit.LOADING, Limit.FLOAT),
                use);
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
