package dev.loraplus.network;

import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Ends the training of a network before its first step. */
final class RefusedTraining extends BaseTrainingListener {
    private final String reason;

    RefusedTraining(String reason) {
        this.reason = reason;
    }

    @Override
    public void onForwardPass(Model model, List<INDArray> activations) {
        throw new IllegalStateException(reason);
    }

    @Override
    public void onForwardPass(Model model, Map<String, INDArray> activations) {
        throw new IllegalStateException(reason);
    }
}
