package dev.loraplus.samediff;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One way in which a graph uses its weight "w".
 *
 * @param name what is used how
 * @param shape the shape of "w"
 * @param sides for each dimension of "w", whether its index is on the input side, 'i', or appears in the result, 'o'
 * @param forms the forms of its uses, in order, as {@code describe()} prints them
 * @param limits what stock M2.1 can't do with it, so that we can't either
 * @param use what reads "w"; the result becomes "out"
 */
record WeightCase(String name, long[] shape, String sides, List<String> forms, Set<Limit> limits, Use use) {
    static final LoraConfig CONFIG =
            LoraConfig.builder().rank(2).alpha(3).targets("w").build();

    /** What stock M2.1 can't do. */
    enum Limit {
        /** Its gradient fails, in words. */
        GRADIENT_FAILS,
        /** Its gradient is wrong, without a word. */
        GRADIENT_IS_WRONG,
        /** SameDiff.load fails. */
        LOADING,
        /** Fails in FLOAT with the oneDNN builds. */
        FLOAT
    }

    interface Use {
        SDVariable of(SameDiff graph, SDVariable weight, DataType type);
    }

    /** Builds the graph; its output is "out" and its loss, which reads "out" directly, "loss". */
    SameDiff graph(DataType type) {
        SameDiff graph = SameDiff.create();
        SDVariable out = use.of(graph, graph.var("w", Fixtures.random(31, type, shape)), type);
        out.rename("out");
        out.mul(out).mean().rename("loss");
        graph.setLossVariables("loss");
        return graph;
    }

    boolean can(Limit limit) {
        return !limits.contains(limit);
    }

    AdaptedGraph attach(SameDiff graph) {
        return LoraPlus.attach(graph, CONFIG);
    }

    /** Attaches with random factors. */
    AdaptedGraph attachFilled(SameDiff graph) {
        AdaptedGraph adapted = attach(graph);
        Fixtures.fill(adapted, 77);
        return adapted;
    }

    /** Returns W + scaling·A·B by plain loops: A is indexed by the input side of W, B by its output side. */
    INDArray changedWeight(Factors factors, double scaling) {
        double[] weight = Fixtures.random(31, factors.a().dataType(), shape)
                .castTo(DataType.DOUBLE)
                .ravel()
                .toDoubleVector();
        double[][] a = factors.a().castTo(DataType.DOUBLE).toDoubleMatrix();
        double[][] b = factors.b().castTo(DataType.DOUBLE).toDoubleMatrix();
        for (int flat = 0; flat < weight.length; flat++) {
            int in = 0;
            int out = 0;
            long behind = weight.length;
            for (int d = 0; d < shape.length; d++) {
                behind /= shape[d];
                int index = (int) (flat / behind % shape[d]);
                in = sides.charAt(d) == 'i' ? in * (int) shape[d] + index : in;
                out = sides.charAt(d) == 'o' ? out * (int) shape[d] + index : out;
            }
            for (int k = 0; k < b.length; k++) {
                weight[flat] += scaling * a[in][k] * b[k][out];
            }
        }
        return Nd4j.createFromArray(weight).reshape('c', shape);
    }

    /** Returns the product of the sizes of a side. */
    long size(char side) {
        return IntStream.range(0, shape.length)
                .filter(d -> sides.charAt(d) == side)
                .mapToLong(d -> shape[d])
                .reduce(1, (x, y) -> x * y);
    }

    static Map<String, INDArray> batch(SameDiff graph) {
        Map<String, INDArray> batch = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.PLACEHOLDER) {
                batch.put(variable.name(), values(variable, batch.size()));
            }
        }
        return batch;
    }

    private static INDArray values(SDVariable placeholder, int seed) {
        if (placeholder.dataType().isFPType()) {
            return Fixtures.random(seed, placeholder.dataType(), placeholder.getShape());
        }
        return Nd4j.createFromArray(2, 0, 2, 1).castTo(placeholder.dataType());
    }

    @Override
    public String toString() {
        return name;
    }
}
