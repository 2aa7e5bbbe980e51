package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import java.util.List;
import org.deeplearning4j.core.storage.Persistable;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.ui.model.stats.StatsListener;
import org.deeplearning4j.ui.model.stats.api.StatsReport;
import org.deeplearning4j.ui.model.stats.api.StatsType;
import org.deeplearning4j.ui.model.storage.InMemoryStatsStorage;
import org.junit.jupiter.api.Test;

class StatsTest {
    @Test
    void statsListener_seesTheFactors() {
        MultiLayerNetwork network =
                LoraPlus.attach(Life.network(), Life.config()).model();
        InMemoryStatsStorage storage = new InMemoryStatsStorage();
        network.setListeners(new StatsListener(storage, 1));
        network.fit(Life.batches(3));
        String session = storage.listSessionIDs().get(0);
        List<Persistable> updates = storage.getAllUpdatesAfter(
                session,
                StatsListener.TYPE_ID,
                storage.listWorkerIDsForSession(session).get(0),
                0);
        StatsReport report = (StatsReport) updates.get(updates.size() - 1);
        assertThat(report.getMeanMagnitudes(StatsType.Parameters).keySet())
                .contains("0_WloraA", "0_WloraB", "1_WloraA", "2_W", "2_b");
        assertThat(report.getScore()).isFinite();
    }
}
