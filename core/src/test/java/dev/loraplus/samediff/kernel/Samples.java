package dev.loraplus.samediff.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.factory.Nd4j;

/** Makes inputs and runs operations on them as a session does. */
final class Samples {
    private static final float[] AWKWARD = {0f, 1e-30f, -1e-30f, 10f, -10f, 1e4f, -1e4f};

    private Samples() {}

    /** A third of the numbers awkward, the others from N(0, 4); every fourth array awkward only. */
    static INDArray mixed(Random random, long... shape) {
        boolean awkwardOnly = random.nextInt(4) == 0;
        return fill(
                shape,
                () -> awkwardOnly || random.nextInt(3) == 0
                        ? AWKWARD[random.nextInt(AWKWARD.length)]
                        : (float) (2 * random.nextGaussian()));
    }

    static INDArray gaussian(Random random, long... shape) {
        return fill(shape, () -> (float) random.nextGaussian());
    }

    private static INDArray fill(long[] shape, Supplier<Float> source) {
        float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = source.get();
        }
        return Nd4j.create(values, shape, 'c');
    }

    /** Allocates the outputs by the operation's own shapes and types, dirty, and runs it. */
    static List<INDArray> run(JavaOp op, INDArray... inputs) {
        List<INDArray> in = List.of(inputs);
        List<INDArray> out = new ArrayList<>();
        try (OpContext context = Nd4j.getExecutioner().buildContext()) {
            context.setInputArrays(in);
            List<DataType> types = op.calculateOutputDataTypes(
                    in.stream().map(INDArray::dataType).toList());
            var shapes = op.calculateOutputShape(context);
            for (int i = 0; i < shapes.size(); i++) {
                INDArray dirty = Nd4j.create(shapes.get(i), false);
                out.add(dirty.castTo(types.get(i)).assign(7.5));
            }
            op.run(in, out);
        } catch (Exception e) {
            throw e instanceof RuntimeException failure ? failure : new IllegalStateException(e);
        }
        return out;
    }
}
