package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.Storage;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** Measures rates by what plain gradient descent does: a parameter moves by its rate times its gradient. */
class RatesTest {
    private static final double FIRST = 0.1;
    private static final double SECOND = 0.02;
    private static final double HEAD = 0.05;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(Storage.class)
    void everyLayer_learnsAtItsOwnRate_andItsBAtLambdaTimesThat(Storage storage) {
        MultiLayerNetwork network = network(storage);
        assertRates(network, FIRST, SECOND, HEAD);
        assertRates(network.clone(), FIRST, SECOND, HEAD);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void setLearningRate_setsA_andKeepsTheRatio(Storage storage) {
        MultiLayerNetwork network = network(storage);
        network.setLearningRate(0.03);
        assertRates(network, 0.03, 0.03, 0.03);
        network.setLearningRate(1, 0.007);
        assertRates(network, 0.03, 0.007, 0.03);
        assertThat(network.getLearningRate(1)).isEqualTo(0.007);
    }

    @Test
    void setLearningRate_reachesNeitherBaseNorCopies() {
        MultiLayerNetwork base = sgd();
        MultiLayerNetwork network = adapted(base, Life.config(), Storage.EXTERNAL);
        MultiLayerNetwork copy = network.clone();
        network.setLearningRate(0.03);
        assertThat(base.getLearningRate(0)).isEqualTo(FIRST);
        assertRates(copy, FIRST, SECOND, HEAD);
        base.setLearningRate(0.5);
        assertRates(network, 0.03, 0.03, 0.03);
        assertThat(LoraPlus.adapted(network).detach().getLearningRate(0)).isEqualTo(FIRST);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void schedule_givenLater_movesBothRates(Storage storage) {
        MultiLayerNetwork network = network(storage);
        network.setLearningRate(steps());
        assertRates(network, 0.1, 0.1, 0.1);
        assertRates(network, 0.1, 0.1, 0.1);
        assertRates(network, 0.004, 0.004, 0.004);
        assertRates(network.clone(), 0.004, 0.004, 0.004);
    }

    @Test
    void schedule_ofTheBase_movesBothRates() {
        MultiLayerNetwork base = Life.network(new Sgd(steps()), new Sgd(SECOND), new Sgd(HEAD));
        MultiLayerNetwork network = adapted(base, Life.config(), Storage.EXTERNAL);
        assertRates(network, 0.1, SECOND, HEAD);
        assertRates(network, 0.1, SECOND, HEAD);
        assertRates(network, 0.004, SECOND, HEAD);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void json_andZip_keepRatesAndSchedules(Storage storage) throws IOException {
        MultiLayerNetwork network = network(storage);
        network.setLearningRate(0, steps());
        network.fit(Life.data(1));
        network.fit(Life.data(2));
        Path zip = folder.resolve("network.zip");
        ModelSerializer.writeModel(network, zip.toFile(), true);
        assertRates(ModelSerializer.restoreMultiLayerNetwork(zip.toFile(), true), 0.004, SECOND, HEAD);

        MultiLayerNetwork read = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(
                network.getLayerWiseConfigurations().toJson()));
        read.init(network.params().dup(), false);
        assertRates(read, 0.004, SECOND, HEAD);
        read.setLearningRate(0.03);
        assertRates(read, 0.03, 0.03, 0.03);
    }

    @ParameterizedTest
    @EnumSource(Storage.class)
    void graph_keepsTheRatio(Storage storage) throws IOException {
        ComputationGraph base = Life.graph(new Sgd(FIRST), new Sgd(SECOND), new Sgd(HEAD));
        ComputationGraph graph =
                LoraPlus.attach(base, Life.config(), Life.stored(storage)).model();
        Life.fillB(graph.paramTable());
        assertRates(graph, FIRST, SECOND, HEAD);
        graph.setLearningRate(0.03);
        graph.setLearningRate("right", 0.007);
        assertRates(graph, 0.03, 0.007, 0.03);
        assertRates(graph.clone(), 0.03, 0.007, 0.03);
        Path zip = folder.resolve("graph.zip");
        ModelSerializer.writeModel(graph, zip.toFile(), true);
        assertRates(ModelSerializer.restoreComputationGraph(zip.toFile(), true), 0.03, 0.007, 0.03);
        assertThat(base.getLearningRate("left")).isEqualTo(FIRST);
    }

    @Test
    void setLearningRate_keepsTheStateOfAdam() {
        AdaptedNetwork<MultiLayerNetwork> adapted = Life.trainedNetwork(Storage.EXTERNAL);
        INDArray state = adapted.model().getUpdater().getStateViewArray().dup();
        adapted.model().setLearningRate(0.03);
        Life.assertSame(adapted.model().getUpdater().getStateViewArray(), state);
    }

    @Test
    void describe_showsTheRatesOfNow() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(sgd(), Life.config());
        assertThat(adapted.describe().toString())
                .contains("fc1.WloraA [5, 2] FACTOR_A, rate 0.1\n")
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.8\n")
                .contains("fc2.WloraB [2, 6] FACTOR_B, rate 0.16\n")
                .contains("out.W [6, 3] WEIGHT, rate 0.05\n");
        adapted.model().setLearningRate(0.25);
        assertThat(adapted.describe().toString())
                .contains("fc1.WloraA [5, 2] FACTOR_A, rate 0.25\n")
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 2.0\n")
                .contains("out.b [3] BIAS, rate 0.25\n");
    }

    @Test
    void summary_isThatOfDl4jWithRates() {
        AdaptedNetwork<MultiLayerNetwork> network = LoraPlus.attach(sgd(), Life.config());
        assertThat(network.summary())
                .startsWith(network.model().summary())
                .contains("WloraA:{5,2}, WloraB:{2,7}")
                .endsWith(network.describe().toString())
                .contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.8\n");
        AdaptedNetwork<ComputationGraph> graph =
                LoraPlus.adapted(network.model().toComputationGraph());
        assertThat(graph.summary()).startsWith(graph.model().summary()).contains(".WloraB [2, 7] FACTOR_B, rate 0.8\n");
    }

    @Test
    void headRate_isTheHeadsAlone_untilARateIsSet() {
        LoraConfig config = Life.config().toBuilder().headRate(0.3).build();
        MultiLayerNetwork network = adapted(sgd(), config, Storage.EXTERNAL);
        assertRates(network, FIRST, SECOND, 0.3);
        assertRates(LoraPlus.adapted(network.clone()).model(), FIRST, SECOND, 0.3);
    }

    @Test
    void updatersWithoutALearningRate_areRefused_whereLambdaNeedsOne() {
        for (IUpdater updater : new IUpdater[] {new AdaDelta(), new NoOp()}) {
            MultiLayerNetwork base = Life.network(new Adam(), updater, new Adam());
            assertThatThrownBy(() -> LoraPlus.attach(base, Life.config()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'fc2'")
                    .hasMessageContaining(updater.getClass().getSimpleName())
                    .hasMessageContaining("lambda")
                    .hasMessageContaining("withFineTune");
        }
        MultiLayerNetwork base = Life.network(new AdaDelta(), new AdaDelta(), new AdaDelta());
        AdaptedNetwork<MultiLayerNetwork> plain =
                LoraPlus.attach(base, Life.config().toBuilder().lambda(1).build());
        plain.model().fit(Life.data(1));
        assertThat(plain.describe().parameters()).isNotEmpty().allSatisfy(parameter -> assertThat(parameter.rate())
                .isNull());
    }

    private static MultiLayerNetwork network(Storage storage) {
        return adapted(sgd(), Life.config(), storage);
    }

    private static MultiLayerNetwork adapted(MultiLayerNetwork base, LoraConfig config, Storage storage) {
        MultiLayerNetwork network =
                LoraPlus.attach(base, config, Life.stored(storage)).model();
        Life.fillB(network.paramTable());
        return network;
    }

    private static MultiLayerNetwork sgd() {
        return Life.network(new Sgd(FIRST), new Sgd(SECOND), new Sgd(HEAD));
    }

    /** 0.1 for two iterations, then 0.004. */
    private static ISchedule steps() {
        return new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, 0.1)
                .add(2, 0.004)
                .build();
    }

    private static void assertRates(MultiLayerNetwork network, double first, double second, double head) {
        Steps.of(network, Life.data(5))
                .assertRates("0_W", first)
                .assertRates("1_W", second)
                .assertRate("2_W", head);
    }

    private static void assertRates(ComputationGraph graph, double first, double second, double head) {
        Steps.of(graph, Life.data(5))
                .assertRates("left_W", first)
                .assertRates("right_W", second)
                .assertRate("out_W", head);
    }
}
