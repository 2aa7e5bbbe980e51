package dev.loraplus.samediff.kernel;

import java.util.Collections;
import java.util.List;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;

/**
 * Internal: is an operation that Java code executes: a session calls {@link #run} where it would have called the native
 * library.
 *
 * <p>Such operations live only in a gradient graph, which is never saved: stock SameDiff knows no native operation of
 * their names. Every output has the data type of the first input. One instance may be run by several threads at once:
 * it keeps nothing from a call.
 *
 * @since 0.1.0
 */
public abstract class JavaOp extends DynamicCustomOp {
    private final String name;
    private final int outputs;

    /**
     * Names the operation.
     *
     * @param name its operation name, as profilers and error messages show it
     * @param outputs how many arrays it fills, at least 1
     */
    protected JavaOp(String name, int outputs) {
        this.name = name;
        this.outputs = outputs;
    }

    /**
     * Fills the outputs from the inputs, with a Java kernel where it can and with stock operations otherwise.
     *
     * @param in the inputs in the operation's order; not changed
     * @param out arrays of the shapes that {@link #calculateOutputShape(OpContext)} gave, with any content; overwritten
     * @throws IllegalArgumentException if the number or the shapes of the inputs do not fit
     */
    public abstract void run(List<INDArray> in, List<INDArray> out);

    /** Returns the shape of each output for these inputs. */
    protected abstract List<long[]> shapes(List<INDArray> in);

    @Override
    public final String opName() {
        return name;
    }

    @Override
    public final int getNumOutputs() {
        return outputs;
    }

    @Override
    public final List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return Collections.nCopies(outputs, inputs.get(0));
    }

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
        List<INDArray> in = context.getInputArrays();
        DataType type = in.get(0).dataType();
        return shapes(in).stream()
                .map(shape -> LongShapeDescriptor.fromShape(shape, type))
                .toList();
    }
}
