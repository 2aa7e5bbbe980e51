package dev.loraplus.samediff.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import dev.loraplus.samediff.gradient.Gradients;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.ListenerResponse;
import org.nd4j.autodiff.listeners.ListenerVariables;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.listeners.records.LossCurve;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Sgd;

class TrainingListenersTest {
    /** Records every call; {@code stopAfter} epochs it asks to stop. */
    private static class Recorder extends BaseListener {
        final List<String> calls = new ArrayList<>();
        final List<Double> losses = new ArrayList<>();
        int stopAfter = Integer.MAX_VALUE;

        @Override
        public boolean isActive(Operation operation) {
            return operation == Operation.TRAINING;
        }

        @Override
        public void operationStart(SameDiff sd, Operation op) {
            calls.add("operationStart " + op);
        }

        @Override
        public void operationEnd(SameDiff sd, Operation op) {
            calls.add("operationEnd " + op);
        }

        @Override
        public void epochStart(SameDiff sd, At at) {
            calls.add("epochStart " + at.epoch());
        }

        @Override
        public ListenerResponse epochEnd(SameDiff sd, At at, LossCurve curve, long millis) {
            calls.add("epochEnd " + at.epoch() + " " + at.iteration());
            return at.epoch() + 1 >= stopAfter ? ListenerResponse.STOP : ListenerResponse.CONTINUE;
        }

        @Override
        public void iterationStart(SameDiff sd, At at, MultiDataSet data, long etl) {
            calls.add("iterationStart " + at.epoch() + " " + at.iteration());
        }

        @Override
        public void iterationDone(SameDiff sd, At at, MultiDataSet data, Loss loss) {
            calls.add("iterationDone " + at.epoch() + " " + at.iteration() + " " + loss.getLossNames());
            losses.add(loss.totalLoss());
        }

        @Override
        public void preUpdate(SameDiff sd, At at, Variable variable, INDArray update) {
            calls.add("preUpdate " + at.iteration());
        }
    }

    /** Watches operations too. */
    private static final class Watcher extends Recorder {
        int operations;
        int activations;

        @Override
        public ListenerVariables requiredVariables(SameDiff sd) {
            return ListenerVariables.builder().trainingVariables("a0").build();
        }

        @Override
        public void opExecution(
                SameDiff sd,
                At at,
                MultiDataSet batch,
                SameDiffOp op,
                org.nd4j.linalg.api.ops.OpContext context,
                INDArray[] outputs) {
            operations++;
        }

        @Override
        public void activationAvailable(
                SameDiff sd, At at, MultiDataSet batch, SameDiffOp op, String name, INDArray activation) {
            activations += name.equals("a0") ? 1 : 0;
        }
    }

    @Test
    void calls_comeInTheOrderOfStockFit() {
        Recorder stock = new Recorder();
        SameDiff graph = LoraTrainerTest.attached(DataType.FLOAT).graph();
        graph.setTrainingConfig(TrainingConfig.builder()
                .updater(new Sgd(1e-3))
                .dataSetFeatureMapping("x")
                .dataSetLabelMapping("labels")
                .build());
        Gradients.quietly(() -> graph.fit(LoraTrainerTest.data(3), 2, stock));
        Recorder ours = new Recorder();
        fit(ours, 2);
        assertThat(ours.calls).isEqualTo(stock.calls);
        assertThat(ours.calls).filteredOn(call -> call.startsWith("preUpdate")).hasSize(4 * 6);
        assertThat(ours.losses).allMatch(loss -> loss > 0);
    }

    @Test
    void stop_endsAfterTheEpoch() {
        Recorder stopping = new Recorder();
        stopping.stopAfter = 2;
        assertThat(fit(stopping, 5).steps()).isEqualTo(6);
        assertThat(stopping.calls).endsWith("epochEnd 1 5", "operationEnd TRAINING");
    }

    @Test
    void operations_areShownToThoseWhoWatchThem() {
        Watcher watcher = new Watcher();
        fit(watcher, 1);
        assertThat(watcher.operations).isGreaterThan(20);
        assertThat(watcher.activations).isEqualTo(3);
        SameDiff graph = LoraTrainerTest.attached(DataType.FLOAT).graph();
        assertThat(new TrainingListeners(graph, List.of(new Recorder())).forOperations())
                .isNull();
        assertThat(new TrainingListeners(graph, List.of(watcher)).forOperations())
                .isNotNull();
    }

    @Test
    void updateSeenBeforeIt_isWhatTheParameterLoses() {
        AdaptedGraph adapted = LoraTrainerTest.attached(DataType.DOUBLE);
        List<INDArray> updates = new ArrayList<>();
        List<INDArray> values = new ArrayList<>();
        Recorder recorder = new Recorder() {
            @Override
            public void preUpdate(SameDiff sd, At at, Variable variable, INDArray update) {
                SDVariable parameter = sd.getVariable(variable.getName());
                updates.add(update.dup());
                values.add(parameter.getArr().dup());
            }
        };
        try (LoraTrainer trainer =
                LoraTrainerTest.trainer(adapted).listeners(recorder).build()) {
            trainer.fit(LoraTrainerTest.data(1), 1);
        }
        List<INDArray> after = List.copyOf(Fixtures.values(adapted).values());
        assertThat(updates).hasSize(4);
        for (int i = 0; i < after.size(); i++) {
            assertThat(Gradients.distance(after.get(i), values.get(i).sub(updates.get(i))))
                    .isLessThan(1e-14);
        }
    }

    private static TrainingResult fit(Recorder listener, int epochs) {
        try (LoraTrainer trainer = LoraTrainerTest.trainer(LoraTrainerTest.attached(DataType.FLOAT))
                .listeners(listener)
                .build()) {
            return trainer.fit(LoraTrainerTest.data(3), epochs);
        }
    }
}
