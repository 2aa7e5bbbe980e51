package dev.loraplus.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class BaseFingerprintTest {
    private final INDArray matrix = Nd4j.createFromArray(1f, 2f, 3f, 4f, 5f, 6f).reshape('c', 2, 3);

    @Test
    void of_isTheSha256ThatPythonComputes() {
        Map<String, INDArray> weights = new LinkedHashMap<>();
        weights.put("é/b", Nd4j.scalar(2.5));
        weights.put("z", Nd4j.create(DataType.LONG, 0, 3));
        weights.put("a", matrix);

        assertThat(BaseFingerprint.of(weights))
                .isEqualTo("2bed88fd07d493fb99b44483ae686356a83f7dad420afdfe4c71217029924f92");
    }

    @Test
    void of_ignoresMapOrderAndMemoryLayout() {
        INDArray wide = Nd4j.zeros(DataType.FLOAT, 2, 5);
        wide.put(
                new org.nd4j.linalg.indexing.INDArrayIndex[] {NDArrayIndex.all(), NDArrayIndex.interval(1, 4)}, matrix);
        INDArray view = wide.get(NDArrayIndex.all(), NDArrayIndex.interval(1, 4));
        Map<String, INDArray> reversed = new LinkedHashMap<>();
        reversed.put("b", matrix.dup('f'));
        reversed.put("a", view);

        assertThat(BaseFingerprint.of(reversed)).isEqualTo(BaseFingerprint.of(Map.of("a", matrix, "b", matrix)));
    }

    @Test
    void of_tellsNamesShapesTypesAndValuesApart() {
        INDArray changed = matrix.dup();
        changed.putScalar(1, 2, Math.nextUp(6f));

        assertThat(BaseFingerprint.of(Map.of("a", matrix)))
                .isNotEqualTo(BaseFingerprint.of(Map.of("b", matrix)))
                .isNotEqualTo(BaseFingerprint.of(Map.of("a", matrix.reshape('c', 3, 2))))
                .isNotEqualTo(BaseFingerprint.of(Map.of("a", matrix.castTo(DataType.DOUBLE))))
                .isNotEqualTo(BaseFingerprint.of(Map.of("a", changed)));
    }
}
