package dev.loraplus.samediff.kernel;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The oracle: what stock SameDiff computes in DOUBLE for the same numbers. */
final class StockGraph {
    private StockGraph() {}

    /** y = 0.5 x (1 + erf(x / sqrt 2)) and its derivative. */
    static List<INDArray> gelu(INDArray input) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", wide(input));
        SDVariable y = x.mul(0.5).mul(sd.math.erf(x.div(Math.sqrt(2))).add(1.0));
        return valueAndGradient(sd, y, y.sum());
    }

    /** Layer normalisation over the last dimension, and the gradient at x of the sum of y * dy. */
    static List<INDArray> layerNorm(INDArray input, INDArray gain, INDArray bias, INDArray dy) {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", wide(input));
        SDVariable g = sd.constant("g", gain.castTo(DataType.DOUBLE));
        SDVariable b = sd.constant("b", bias.castTo(DataType.DOUBLE));
        SDVariable y = sd.nn.layerNorm(x, g, b, false, input.rank() - 1);
        SDVariable loss = y.mul(sd.constant("dy", wide(dy))).sum();
        return valueAndGradient(sd, y, loss);
    }

    /** Widens into 'c' order: a stock graph differentiates layer_norm wrongly for an input in 'f' order. */
    private static INDArray wide(INDArray array) {
        return array.dup('c').castTo(DataType.DOUBLE);
    }

    private static List<INDArray> valueAndGradient(SameDiff sd, SDVariable y, SDVariable loss) {
        loss.markAsLoss();
        INDArray gradient = silently(() -> sd.calculateGradients(Map.of(), "x").get("x"));
        return List.of(y.eval(), gradient);
    }

    /** SameDiff prints a line for every operation that it differentiates. */
    private static INDArray silently(Supplier<INDArray> work) {
        PrintStream standard = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
        try {
            return work.get();
        } finally {
            System.setOut(standard);
        }
    }
}
