package dev.loraplus.io;

import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Identifies the weights of a base model, so that an adapter isn't put on another one by mistake.
 *
 * @since 0.1.0
 */
public final class BaseFingerprint {
    private BaseFingerprint() {}

    /**
     * Returns the SHA-256 of names, data types, shapes and elements, in lower-case hex. The order of the map, views and
     * 'f' order make no difference.
     *
     * @param weights the weights by name
     * @throws IllegalArgumentException if a weight has more than 2<sup>31</sup> - 1 bytes
     */
    public static String of(Map<String, INDArray> weights) {
        return TensorDigest.sha256(weights);
    }
}
