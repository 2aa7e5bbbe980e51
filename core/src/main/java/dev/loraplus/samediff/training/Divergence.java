package dev.loraplus.samediff.training;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Finds what was not finite in a step, and says what to do about it. */
final class Divergence {
    private Divergence() {}

    static DivergenceException at(
            long step,
            List<String> lossNames,
            double[] losses,
            Map<String, INDArray> gradients,
            double eta,
            @Nullable Path folder) {
        String culprit = "the global norm";
        String what = "overflowed";
        for (int i = 0; i < losses.length; i++) {
            if (!Double.isFinite(losses[i])) {
                culprit = lossNames.get(i);
                what = "loss is " + losses[i];
            }
        }
        for (Map.Entry<String, INDArray> entry : gradients.entrySet()) {
            double norm = entry.getValue().norm2Number().doubleValue();
            if (!Double.isFinite(norm)) {
                culprit = entry.getKey();
                what = what.startsWith("loss") ? what + ", gradient norm is " + norm : "gradient norm is " + norm;
                break;
            }
        }
        return new DivergenceException(
                step,
                culprit,
                "Training stopped before step " + step + ": '" + culprit + "' " + what
                        + ". The parameters are those of the step before. Lower eta (now " + eta
                        + ") or lambda, clip gradients with maxGradientNorm, or check the batch for values that are not"
                        + " finite."
                        + (folder == null ? "" : " The last good adapter is in " + folder + "."));
    }
}
