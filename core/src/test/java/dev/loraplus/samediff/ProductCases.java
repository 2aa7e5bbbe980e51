package dev.loraplus.samediff;

import static dev.loraplus.samediff.WeightCases.failing;
import static dev.loraplus.samediff.WeightCases.of;
import static dev.loraplus.samediff.WeightCases.v;
import static dev.loraplus.samediff.WeightCases.wrong;
import static dev.loraplus.samediff.WeightCases.x;

import java.util.List;
import java.util.stream.Stream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.reduce.TensorMmul;
import org.nd4j.linalg.factory.Nd4j;

/** Products with a weight, directly, behind other operations and more than once. */
final class ProductCases {
    private static final String RIGHT = "branch right";
    private static final String RIGHT_T = "branch right, transposed";
    private static final String LEFT = "branch left";
    private static final String LEFT_T = "branch left, transposed";
    private static final String EFFECTIVE = "effective weight";

    private ProductCases() {}

    static Stream<WeightCase> all() {
        return Stream.of(products(), moved(), twice()).flatMap(s -> s);
    }

    private static Stream<WeightCase> products() {
        return Stream.of(
                of("mmul", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 5, 7), w), 7, 6),
                of(
                        "mmul, W transposed",
                        "oi",
                        RIGHT_T,
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), w, false, true, false),
                        6,
                        7),
                of("mmul, x transposed", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 7, 5), w, true, false, false), 7, 6),
                of(
                        "mmul, both transposed",
                        "oi",
                        RIGHT_T,
                        (g, w, t) -> g.mmul(x(g, t, 7, 5), w, true, true, false),
                        6,
                        7),
                of("mmul, W left", "oi", LEFT, (g, w, t) -> g.mmul(w, x(g, t, 7, 5)), 6, 7),
                of(
                        "mmul, W left, transposed",
                        "io",
                        LEFT_T,
                        (g, w, t) -> g.mmul(w, x(g, t, 7, 5), true, false, false),
                        7,
                        6),
                of(
                        "mmul, W left, x transposed",
                        "oi",
                        LEFT,
                        (g, w, t) -> g.mmul(w, x(g, t, 5, 7), false, true, false),
                        6,
                        7),
                of(
                        "mmul, result transposed",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), w, false, false, true),
                        7,
                        6),
                of(
                        "mmul, W left, result transposed",
                        "oi",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(w, x(g, t, 7, 5), false, false, true),
                        6,
                        7),
                failing("mmul of a vector", "io", RIGHT, (g, w, t) -> g.mmul(x(g, t, 7), w), 7, 6),
                wrong("mmul, scaled", "io", EFFECTIVE, (g, w, t) -> scaledMmul(g, x(g, t, 5, 7), w), 7, 6),
                of("mmul of rank 3", "iio", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 2, 5, 7), w), 2, 7, 6),
                of(
                        "mmul of rank 3, W transposed",
                        "ooi",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(x(g, t, 2, 5, 7), w, false, true, false),
                        2,
                        6,
                        7),
                of("linear", "io", RIGHT, (g, w, t) -> g.nn.linear(x(g, t, 5, 7), w, v(g, t, 6)), 7, 6),
                of("reluLayer", "io", EFFECTIVE, (g, w, t) -> g.nn.reluLayer(x(g, t, 5, 7), w, v(g, t, 6)), 7, 6),
                // M2.1's batchMmul fails, crashes or writes past its arrays unless all matrices are square
                failing(
                        "batchMmul, W among the right",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> batch(
                                g, new SDVariable[] {x(g, t, 6, 6), x(g, t, 6, 6)}, new SDVariable[] {w, v(g, t, 6, 6)
                                }),
                        6,
                        6),
                failing(
                        "batchMmul, W among the left",
                        "oi",
                        EFFECTIVE,
                        (g, w, t) -> batch(
                                g, new SDVariable[] {w, x(g, t, 6, 6)}, new SDVariable[] {x(g, t, 6, 6), x(g, t, 6, 6)
                                }),
                        6,
                        6),
                failing(
                        "tensorMmul, W contracted first",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 0),
                        7,
                        6),
                failing(
                        "tensorMmul, W contracted last",
                        "oi",
                        EFFECTIVE,
                        (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 1),
                        6,
                        7),
                failing(
                        "tensorMmul, W left",
                        "oi",
                        EFFECTIVE,
                        (g, w, t) -> g.tensorMmul(w, x(g, t, 5, 7), new int[] {1}, 1),
                        6,
                        7),
                failing(
                        "tensorMmul of rank 3, first",
                        "ioo",
                        EFFECTIVE,
                        (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 0),
                        7,
                        2,
                        3),
                of(
                        "tensorMmul of rank 3, last",
                        "ooi",
                        EFFECTIVE,
                        (g, w, t) -> g.tensorMmul(x(g, t, 5, 7), w, new int[] {1}, 2),
                        2,
                        3,
                        7),
                failing(
                        "tensorMmul over two dimensions",
                        "iio",
                        EFFECTIVE,
                        (g, w, t) ->
                                new TensorMmul(g, x(g, t, 5, 4, 3), w, new int[][] {{1, 2}, {0, 1}}).outputVariable(),
                        4,
                        3,
                        6));
    }

    private static Stream<WeightCase> moved() {
        return Stream.of(
                of("transpose", "oi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.transpose(w)), 6, 7),
                of("permute", "oi", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 7), g.permute(w, 1, 0)), 6, 7),
                of("reshape", "iio", EFFECTIVE, (g, w, t) -> g.mmul(x(g, t, 5, 8), g.reshape(w, 8, 6)), 4, 2, 6),
                of(
                        "reshape with an unknown size",
                        "iio",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(x(g, t, 5, 8), g.reshape(w, -1, 6)),
                        4,
                        2,
                        6),
                of(
                        "reshape to a constant",
                        "oii",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(
                                x(g, t, 5, 8),
                                g.reshape(w, g.constant(Nd4j.createFromArray(6L, 8L))),
                                false,
                                true,
                                false),
                        6,
                        2,
                        4),
                of(
                        "permute, reshape",
                        "ooi",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), g.reshape(g.permute(w, 2, 0, 1), 7, 6)),
                        2,
                        3,
                        7),
                of("identity", "oi", EFFECTIVE, (g, w, t) -> g.mmul(g.identity(w), x(g, t, 7, 5)), 6, 7));
    }

    private static Stream<WeightCase> twice() {
        return Stream.of(
                of(
                        "two uses",
                        "io",
                        List.of(RIGHT, RIGHT),
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), w).add(g.mmul(x(g, t, 5, 7), w)),
                        7,
                        6),
                of(
                        "two uses, one transposed",
                        "io",
                        List.of(RIGHT, RIGHT_T),
                        (g, w, t) -> g.mmul(g.math.tanh(g.mmul(x(g, t, 5, 7), w)), w, false, true, false),
                        7,
                        6),
                of(
                        "a product and a penalty",
                        "io",
                        List.of(RIGHT, EFFECTIVE, EFFECTIVE),
                        (g, w, t) -> g.mmul(x(g, t, 5, 7), w).mul(w.mul(w).mean()),
                        7,
                        6),
                of(
                        "twice in one product",
                        "oi",
                        List.of(EFFECTIVE, EFFECTIVE),
                        (g, w, t) -> g.mmul(w, w, false, true, false).mul(x(g, t, 6, 6)),
                        6,
                        7),
                of(
                        "beside another variable",
                        "io",
                        EFFECTIVE,
                        (g, w, t) -> g.mmul(v(g, t, 5, 7), w).mul(x(g, t, 5, 6)),
                        7,
                        6));
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
}
