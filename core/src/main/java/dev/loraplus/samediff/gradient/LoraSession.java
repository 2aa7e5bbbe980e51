package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.kernel.JavaOp;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Listener;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.config.ExecutionResult;
import org.nd4j.autodiff.samediff.config.SDValue;
import org.nd4j.autodiff.samediff.internal.FrameIter;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Runs a rewritten gradient graph: standard operations by ND4J, {@link JavaOp}s and {@link BroadcastGradient}s by Java.
 *
 * <p>One session lives for a whole training, so that arrays of a step are used again in the next. Not thread-safe.
 */
final class LoraSession extends InferenceSession {
    /** The share of ND4J's memory limit that arrays waiting for their next use may take. */
    private static final double CACHE_SHARE = 0.6;

    private static final long SMALL_ARRAY = 1024;
    private static final double LARGEST_MULTIPLE = 2;

    private @Nullable Consumer<DifferentialFunction> observer;

    LoraSession(SameDiff graph) {
        super(graph);
        setMmgr(new SessionArrays(CACHE_SHARE, SMALL_ARRAY, LARGEST_MULTIPLE));
        setArrayUseTracker(new ArrayUses());
    }

    /** Tells {@code observer} of every operation before it is executed. */
    void observe(Consumer<DifferentialFunction> observer) {
        this.observer = observer;
    }

    /** Computes the variables named; their arrays belong to the caller. */
    Map<String, INDArray> compute(
            List<String> variables,
            Map<String, INDArray> placeholders,
            @Nullable MultiDataSet batch,
            @Nullable List<Listener> listeners,
            At at) {
        freedArrays.clear(); // ND4J only ever adds to it
        return output(variables, placeholders, batch, Set.of(), listeners, at);
    }

    @Override
    public ExecutionResult doExec(
            DifferentialFunction op,
            OpContext context,
            FrameIter frame,
            Set<VarId> inputs,
            Set<VarId> allIterations,
            Set<String> constantsAndPlaceholders,
            Map<String, SDValue> otherPlaceholders) {
        if (observer != null) {
            observer.accept(op);
        }
        if (op instanceof JavaOp kernel) {
            kernel.run(context.getInputArrays(), context.getOutputArrays());
            return ExecutionResult.createFrom(op, context);
        }
        if (op instanceof BroadcastGradient gradient) {
            String passed = gradient.argNames()[1];
            INDArray reduced = gradient.reduced(context.getInputArrays());
            SDValue value = reduced == null ? getSdValue(frame.toVarId(passed)) : SDValue.create(reduced);
            return ExecutionResult.createValue(passed, value);
        }
        return super.doExec(op, context, frame, inputs, allIterations, constantsAndPlaceholders, otherPlaceholders);
    }
}
