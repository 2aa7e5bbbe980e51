package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class DivergenceTest {
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, 1e30f})
    void valuesThatAreNotFinite_stopWithoutAnUpdate(float value) {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted).build()) {
            trainer.step(Fixtures.batch(1, DataType.FLOAT));
            Map<String, INDArray> before = Fixtures.values(adapted);
            Map<String, INDArray> batch = Fixtures.batch(2, DataType.FLOAT);
            batch.get("labels").putScalar(1, 1, value);
            DivergenceException thrown = catchThrowableOfType(DivergenceException.class, () -> trainer.step(batch));
            assertThat(thrown.step()).isEqualTo(1);
            assertThat(thrown.variable()).isIn(before.keySet().toArray()).isNotNull();
            assertThat(thrown)
                    .hasMessageContaining("before step 1")
                    .hasMessageContaining(thrown.variable())
                    .hasMessageContaining("Lower eta");
            assertThat(Fixtures.values(adapted)).isEqualTo(before);
            assertThat(trainer.steps()).isEqualTo(1);
            trainer.step(Fixtures.batch(3, DataType.FLOAT));
        }
    }

    @Test
    void lastGoodAdapter_staysOnDisk(@TempDir Path folder) throws Exception {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.FLOAT);
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(adapted).saveTo(folder).saveEvery(1).build()) {
            trainer.fit(LoraTrainerTest.data(3), 1);
            byte[] weights = Files.readAllBytes(folder.resolve("adapter_model.safetensors"));
            Fixtures.value(adapted, "layer0.weight.lora_A").putScalar(0, Float.NaN);
            DivergenceException thrown =
                    catchThrowableOfType(DivergenceException.class, () -> trainer.fit(LoraTrainerTest.data(3), 1));
            assertThat(thrown).hasMessageContaining(folder.toString()).hasMessageContaining("before step 3");
            assertThat(Files.readAllBytes(folder.resolve("adapter_model.safetensors")))
                    .isEqualTo(weights);
        }
    }
}
