package dev.loraplus.samediff.gradient;

import java.lang.reflect.Field;
import java.util.Set;
import java.util.TreeSet;
import org.nd4j.autodiff.functions.DifferentialFunction;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BroadcastOp;
import org.nd4j.linalg.api.ops.CustomOp;
import org.nd4j.linalg.api.ops.IndexAccumulation;
import org.nd4j.linalg.api.ops.Op;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.ops.RandomOp;
import org.nd4j.linalg.api.ops.ReduceOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.api.ops.impl.summarystats.Variance;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.cpu.nativecpu.ops.NativeOpExecutioner;
import org.nd4j.linalg.factory.Nd4j;

/** Notes every operation that ND4J executes, whoever asks for it, while an action runs. */
final class RecordingExecutioner extends NativeOpExecutioner {
    private final Set<String> custom = new TreeSet<>();
    private final Set<String> legacy = new TreeSet<>();

    private RecordingExecutioner() {}

    /** Runs the action and returns what it executed. */
    static RecordingExecutioner record(Runnable action) throws ReflectiveOperationException {
        RecordingExecutioner recorder = new RecordingExecutioner();
        Field field = Nd4j.class.getDeclaredField("OP_EXECUTIONER_INSTANCE");
        field.setAccessible(true);
        OpExecutioner before = (OpExecutioner) field.get(null);
        field.set(null, recorder);
        try {
            action.run();
        } finally {
            field.set(null, before);
        }
        return recorder;
    }

    /** Returns the names of the operations that a backend has to declare. */
    Set<String> custom() {
        return custom;
    }

    /** Returns the types and names of the operations that all backends know by number. */
    Set<String> legacy() {
        return legacy;
    }

    private void note(Op op) {
        legacy.add(((DifferentialFunction) op).opType() + " " + op.opName());
    }

    @Override
    public INDArray[] exec(CustomOp op) {
        custom.add(op.opName());
        return super.exec(op);
    }

    @Override
    public INDArray[] exec(CustomOp op, OpContext context) {
        custom.add(op.opName());
        return super.exec(op, context);
    }

    @Override
    public INDArray exec(Op op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(Op op, OpContext context) {
        note(op);
        return super.exec(op, context);
    }

    @Override
    public INDArray exec(ReduceOp op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(IndexAccumulation op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(Variance op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(ScalarOp op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(BroadcastOp op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(RandomOp op) {
        note(op);
        return super.exec(op);
    }

    @Override
    public INDArray exec(RandomOp op, Random random) {
        note(op);
        return super.exec(op, random);
    }
}
