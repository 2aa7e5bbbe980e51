package dev.loraplus.network;

import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Lends memory for gradients of whole weights, which nobody keeps: one array a thread and data type, as large as the
 * largest layer asks for, there for as long as a layer uses it.
 */
final class GradientScratch {
    private static final ThreadLocal<Map<DataType, WeakReference<INDArray>>> ARRAYS =
            ThreadLocal.withInitial(() -> new EnumMap<>(DataType.class));

    private GradientScratch() {}

    /** Returns this thread's array, of at least {@code length} elements; keep it, or it may be gone. */
    static INDArray atLeast(DataType type, long length) {
        WeakReference<INDArray> known = ARRAYS.get().get(type);
        INDArray array = known == null ? null : known.get();
        if (array == null || array.length() < length) {
            try (MemoryWorkspace ignored = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
                array = Nd4j.create(type, length);
            }
            ARRAYS.get().put(type, new WeakReference<>(array));
        }
        return array;
    }
}
