package dev.loraplus.network;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Tells whether an array that was kept can still be read. */
final class Workspaces {
    private Workspaces() {}

    /** Returns whether an array is there and its workspace, if it has one, has not been left since. */
    static boolean isAlive(@Nullable INDArray array) {
        if (array == null || array.wasClosed()) {
            return false;
        }
        if (!array.isAttached()) {
            return true;
        }
        MemoryWorkspace workspace = array.data().getParentWorkspace();
        return workspace.isScopeActive()
                && workspace.getGenerationId() == array.data().getGenerationId();
    }
}
