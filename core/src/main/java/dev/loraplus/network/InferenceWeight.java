package dev.loraplus.network;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Holds W + scaling &middot; A &middot; B, less what the factors started from, of a layer that computes through a branch in
 * training, so that a prediction costs what the base's does: two thin products more would be half the time of one
 * example.
 *
 * <p>Memory is taken at the first prediction, and the sum is built again when a factor or the scaling has changed. Passes
 * of several threads at once see a whole sum, as long as nobody changes factors meanwhile.
 */
final class InferenceWeight {
    private final AdapterParameters parameters;
    private final String key;
    private final ChangeDetector detector;
    private @Nullable INDArray sum;
    private double built = Double.NaN;

    /**
     * Watches the factors of a weight.
     *
     * @param view the memory of all that makes the sum differ from the weight
     */
    InferenceWeight(AdapterParameters parameters, String key, INDArray view) {
        this.parameters = parameters;
        this.key = key;
        this.detector = new ChangeDetector(view);
    }

    /** Returns the sum for a frozen weight W {@code [nIn, nOut]}. */
    synchronized INDArray of(INDArray weight) {
        double now = parameters.scaling(key);
        boolean changed = detector.changed() || now != built;
        INDArray known = sum;
        if (known == null) {
            try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
                known = Nd4j.createUninitialized(weight.dataType(), weight.shape(), weight.ordering());
            }
            sum = known;
        }
        if (changed) {
            known.assign(weight);
            parameters.addChangeTo(known, key);
            built = now;
        }
        return known;
    }
}
