package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.gradient.GradientComputer.Watched;
import java.util.List;
import java.util.Map;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes as the first step of a trainer does, without the trainer, so that the session can be observed. */
final class FirstStep {
    static final At AT = At.defaultAt(Operation.TRAINING);

    private FirstStep() {}

    static Map<String, INDArray> gradients(GradientComputer computer, Map<String, INDArray> batch) {
        return computer.compute(batch, null, new Watched(List.of(), null), AT, 0)
                .gradients();
    }
}
