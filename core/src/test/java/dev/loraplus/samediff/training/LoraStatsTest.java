package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.loraplus.Adapter.Factors;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.util.List;
import org.deeplearning4j.core.storage.Persistable;
import org.deeplearning4j.ui.model.stats.StatsListener;
import org.deeplearning4j.ui.model.stats.api.StatsInitializationReport;
import org.deeplearning4j.ui.model.stats.api.StatsReport;
import org.deeplearning4j.ui.model.stats.api.StatsType;
import org.deeplearning4j.ui.model.stats.impl.SbeStatsReport;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

class LoraStatsTest {
    private static final String TARGET = "layer0.weight";

    /** A report holds single precision. */
    private static final double ROUNDED = 1e-6;

    @Test
    void reports_holdRatesNormsAndTheSizeOfTheChange() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.DOUBLE);
        InMemoryStatsStorage storage = new InMemoryStatsStorage();
        try (LoraTrainer trainer = LoraTrainerTest.trainer(adapted)
                .onStep(LoraStats.to(storage, adapted, 2))
                .build()) {
            trainer.fit(new Batches(List.of(batch(1), batch(2), batch(3), batch(4))), 1);
        }
        String session = storage.listSessionIDs().get(0);
        String worker = storage.listWorkerIDsForSession(session).get(0);
        List<Persistable> updates = storage.getAllUpdatesAfter(session, StatsListener.TYPE_ID, worker, 0);
        StatsReport last = (StatsReport) updates.get(updates.size() - 1);
        StatsInitializationReport start =
                (StatsInitializationReport) storage.getStaticInfo(session, StatsListener.TYPE_ID, worker);
        assertThat(start.getModelParamNames()).contains("layer0.weight.lora_A", "layer1.bias");
        assertThat(start.getModelNumLayers()).isEqualTo(1);

        SbeStatsReport copy = new SbeStatsReport();
        copy.decode(((SbeStatsReport) last).encode());
        assertThat(copy.getIterationCount()).isEqualTo(4);
        assertThat(copy.getLearningRates().get("A")).isCloseTo(1e-2, within(ROUNDED));
        assertThat(copy.getLearningRates().get("B")).isCloseTo(8e-2, within(ROUNDED));
        Factors factors = adapted.adapter().factors().get(TARGET);
        assertThat(copy.getMeanMagnitudes(StatsType.Parameters).get(TARGET + " norm A"))
                .isCloseTo(norm(factors.a()), within(ROUNDED));
        assertThat(copy.getStdev(StatsType.Activations).get(TARGET + " norm B"))
                .isCloseTo(norm(factors.b()), within(ROUNDED));
        assertThat(copy.getMeanMagnitudes(StatsType.Updates).get(TARGET + " change/W"))
                .isCloseTo(
                        norm(factors.a().mmul(factors.b())) * adapted.config().scalingOf(TARGET), within(ROUNDED));
        assertThat(copy.getMeanMagnitudes(StatsType.Parameters).get(TARGET + " change/W"))
                .isCloseTo(norm(Fixtures.value(adapted, TARGET)), within(ROUNDED));
    }

    @Test
    void reportsEveryZerothStep_areRefused() {
        assertThatThrownBy(() -> LoraStats.to(new InMemoryStatsStorage(), LoraTrainerTest.attached(DataType.FLOAT), 0))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static org.nd4j.linalg.dataset.MultiDataSet batch(long seed) {
        var batch = Fixtures.batch(seed, DataType.DOUBLE);
        return new org.nd4j.linalg.dataset.MultiDataSet(batch.get("x"), batch.get("labels"));
    }

    private static double norm(INDArray array) {
        return array.norm2Number().doubleValue();
    }
}
