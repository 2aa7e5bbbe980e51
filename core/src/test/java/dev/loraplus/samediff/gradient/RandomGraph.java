package dev.loraplus.samediff.gradient;

import dev.loraplus.LoraConfig;
import dev.loraplus.samediff.Fixtures;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A random chain of layers on {@code [b * t, width]}, each a function of the seed alone, with all that the rewriting
 * looks at: products, broadcast sums, exact GELU, layer normalisation, masks, residuals, several losses.
 */
final class RandomGraph {
    private final Random random;
    private final DataType type;
    private final SameDiff graph = SameDiff.create();
    private final Map<String, INDArray> batch = new LinkedHashMap<>();
    private final List<String> weights = new ArrayList<>();
    private final List<String> others = new ArrayList<>();
    private final int b;
    private final int t;
    private int width;
    private int count;

    private RandomGraph(long seed, DataType type) {
        this.random = new Random(seed);
        this.type = type;
        b = 1 + random.nextInt(4);
        t = 1 + random.nextInt(5);
        width = 2 + random.nextInt(9);
    }

    /** Builds the graph of a seed; the numbers are those of FLOAT in either type. */
    static RandomGraph of(long seed, DataType type) {
        RandomGraph made = new RandomGraph(seed, type);
        SDVariable x = made.placeholder("x", made.b * made.t, made.width);
        x = made.product(x);
        int layers = 2 + made.random.nextInt(6);
        for (int i = 0; i < layers; i++) {
            x = made.layer(x);
        }
        made.losses(made.product(x));
        return made;
    }

    SameDiff graph() {
        return graph;
    }

    Map<String, INDArray> batch() {
        return batch;
    }

    /** Draws targets and modules to save. */
    LoraConfig config(Random choice) {
        List<String> targets = picked(choice, weights);
        List<String> saved = new ArrayList<>(picked(choice, others));
        weights.stream()
                .filter(w -> !targets.contains(w) && choice.nextInt(4) == 0)
                .forEach(saved::add);
        return LoraConfig.builder()
                .rank(1 + choice.nextInt(4))
                .alpha(1 + choice.nextInt(8))
                .targets(targets.toArray(String[]::new))
                .modulesToSave(saved.toArray(String[]::new))
                .build();
    }

    private static List<String> picked(Random choice, List<String> names) {
        List<String> picked = new ArrayList<>(
                names.stream().filter(n -> choice.nextInt(2) == 0).toList());
        if (picked.isEmpty() && !names.isEmpty()) {
            picked.add(names.get(choice.nextInt(names.size())));
        }
        return picked;
    }

    private SDVariable layer(SDVariable x) {
        return switch (random.nextInt(14)) {
            case 0, 1 -> product(x);
            case 2 -> bias(x);
            case 3 -> gelu(x);
            case 4 -> gelu(norm(x));
            case 5 -> norm(x);
            case 6 -> normOfRankThree(x);
            case 7 -> masked(x);
            case 8 -> scaled(x);
            case 9 -> residual(x);
            case 10 -> graph.math.tanh(x);
            case 11 -> graph.nn.sigmoid(x);
            case 12 -> attention(x);
            default -> headsApart(x);
        };
    }

    private SDVariable product(SDVariable x) {
        int next = 2 + random.nextInt(9);
        SDVariable result =
                switch (random.nextInt(5)) {
                    case 0 -> graph.mmul(x, weight(next, width), false, true, false);
                    case 1 -> graph.nn.linear(x, weight(width, next), other("bias", next));
                    case 2 -> graph.transpose(graph.mmul(weight(next, width), x, false, true, false));
                    default -> graph.mmul(x, weight(width, next));
                };
        width = next;
        return result;
    }

    private SDVariable bias(SDVariable x) {
        return switch (random.nextInt(6)) {
            case 0 -> x.add(other("row", 1, width));
            case 1 -> x.add(other("column", (long) b * t, 1));
            case 2 -> other("scalar").add(x);
            case 3 -> x.add(other("one", 1)).add(other("again", width));
            case 4 -> x.sub(other("less", width));
            default -> x.add(other("bias", width));
        };
    }

    private SDVariable gelu(SDVariable x) {
        double root = Math.sqrt(2);
        return switch (random.nextInt(5)) {
            case 0 -> x.mul(0.5).mul(graph.math.erf(x.div(root)).add(1.0));
            case 1 -> graph.math.erf(x.mul(1 / root)).add(1.0).mul(x).mul(0.5);
            case 2 -> x.mul(graph.math.erf(x.div(constant(root))).mul(0.5).add(0.5));
            case 3 -> graph.math.erf(x.div(root)).add(constant(1)).mul(x.mul(constant(0.5)));
            default -> x.add(x.mul(graph.math.erf(x.mul(1 / root)))).mul(0.5);
        };
    }

    private SDVariable norm(SDVariable x) {
        return random.nextInt(3) == 0
                ? graph.nn.layerNorm(x, other("gain", width), false, 1)
                : graph.nn.layerNorm(
                        x, other("gain", width), other("shift", width), false, random.nextBoolean() ? 1 : -1);
    }

    private SDVariable normOfRankThree(SDVariable x) {
        SDVariable cube = graph.reshape(x, b, t, width);
        SDVariable normed =
                switch (random.nextInt(3)) {
                    case 0 -> graph.nn.layerNorm(cube, other("gain", width), other("shift", width), false, 2);
                    case 1 ->
                        graph.permute(
                                graph.nn.layerNorm(
                                        graph.permute(cube, 1, 0, 2),
                                        other("gain", width),
                                        other("shift", width),
                                        false,
                                        2),
                                1,
                                0,
                                2);
                    default ->
                        graph.permute(
                                graph.nn.layerNorm(
                                        graph.permute(cube, 0, 2, 1), other("gain", t), other("shift", t), false, 2),
                                0,
                                2,
                                1);
                };
        return graph.reshape(normed, (long) b * t, width);
    }

    private SDVariable masked(SDVariable x) {
        return random.nextBoolean()
                ? x.mul(placeholder("mask" + count++, b * t, 1))
                : x.add(placeholder("mask" + count++, b * t, width));
    }

    private SDVariable scaled(SDVariable x) {
        return switch (random.nextInt(5)) {
            case 0 -> x.mul(other("factor", width));
            case 1 -> other("factor", (long) b * t, 1).mul(x);
            case 2 -> x.mul(other("factor"));
            case 3 -> x.mul(x);
            default -> x.mul(-1.5);
        };
    }

    private SDVariable residual(SDVariable x) {
        return switch (random.nextInt(3)) {
            case 0 -> x.add(x);
            case 1 -> x.add(graph.math.tanh(x));
            default -> x.add(graph.mmul(x, weight(width, width)));
        };
    }

    private SDVariable attention(SDVariable x) {
        SDVariable cube = graph.reshape(x, b, t, width);
        SDVariable keys = graph.reshape(graph.mmul(x, weight(width, width)), b, t, width);
        SDVariable scores =
                graph.nn.softmax(graph.mmul(cube, keys, false, true, false).add(constant(-0.1)), -1);
        return graph.reshape(graph.mmul(scores, cube), (long) b * t, width);
    }

    private SDVariable headsApart(SDVariable x) {
        SDVariable apart = graph.permute(graph.reshape(x, b, t, width), 0, 2, 1);
        return graph.reshape(
                graph.permute(graph.math.tanh(apart.add(other("shift", width, 1))), 0, 2, 1), (long) b * t, width);
    }

    private void losses(SDVariable out) {
        SDVariable error = out.sub(placeholder("labels", b * t, width));
        error.mul(error).mean("loss", true);
        List<String> names = new ArrayList<>(List.of("loss"));
        if (random.nextInt(3) == 0) {
            graph.math.abs(out).mean("penalty");
            names.add("penalty");
        }
        if (random.nextInt(4) == 0) {
            out.mul("elements", constant(0.01));
            names.add("elements");
        }
        graph.setLossVariables(names.toArray(String[]::new));
    }

    private SDVariable weight(long rows, long columns) {
        String name = "w" + count++;
        weights.add(name);
        return graph.var(name, values(rows, columns));
    }

    private SDVariable other(String kind, long... shape) {
        String name = kind + count++;
        others.add(name);
        return graph.var(name, values(shape));
    }

    private SDVariable constant(double value) {
        return graph.constant("c" + count++, org.nd4j.linalg.factory.Nd4j.scalar(type, value));
    }

    private SDVariable placeholder(String name, long... shape) {
        batch.put(name, values(shape));
        long[] open = shape.clone();
        open[0] = -1;
        return graph.placeHolder(name, type, open);
    }

    private INDArray values(long... shape) {
        return Fixtures.random(random.nextLong(), DataType.FLOAT, shape).castTo(type);
    }
}
