package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.NoMatchingTargetException;
import dev.loraplus.Targets;
import dev.loraplus.network.AdaptedNetwork;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.Adam;

/** What attach refuses it refuses in words, and leaves everything as it was. */
class RefusalsTest {
    static Iterable<LoraConfig> wrong() {
        return List.of(
                config(Targets.named("query")),
                config(Targets.named("fc1.b")),
                config(Targets.glob("conv*")),
                config(Targets.regex("layer\\d")),
                config(Targets.index(3)),
                config(Targets.layerClass(LSTM.class)),
                config(Targets.named("fc1").exclude("fc1")),
                LoraConfig.builder().modulesToSave("head").build());
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void wrongTargets_listWhatExists_andChangeNothing(LoraConfig config) {
        MultiLayerNetwork base = Life.network();
        Untouched untouched = Untouched.of(base);
        assertThatThrownBy(() -> LoraPlus.attach(base, config))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'fc1")
                .hasMessageContaining("'fc2")
                .hasMessageContaining("'out")
                .hasMessageContaining(config.modulesToSave().isEmpty() ? "[5, 7]" : "(OutputLayer)");
        untouched.check(base);
    }

    @Test
    void wrongTargetsOfAGraph_listWhatExists() {
        ComputationGraph base = Life.graph();
        String json = base.getConfiguration().toJson();
        INDArray params = base.params().dup();
        assertThatThrownBy(() -> LoraPlus.attach(base, config(Targets.named("fc1"))))
                .isInstanceOf(NoMatchingTargetException.class)
                .hasMessageContaining("'left.W' (DenseLayer [5, 7])")
                .hasMessageContaining("'right.W' (DenseLayer [5, 4])")
                .hasMessageContaining("'out.W' (OutputLayer [11, 3])");
        assertThat(base.getConfiguration().toJson()).isEqualTo(json);
        Life.assertSame(base.params(), params);
    }

    @Test
    void updaterThatCannotLearn_isRefused_beforeAnythingChanges() {
        MultiLayerNetwork base = Life.network(new Adam(), new AdaDelta(), new Adam());
        Untouched untouched = Untouched.of(base);
        assertThatThrownBy(() -> LoraPlus.attach(base, Life.config())).hasMessageContaining("'fc2'");
        untouched.check(base);
    }

    @Test
    void frozenLayers_areAdapted_andBroughtBackAsTheyWere() {
        MultiLayerConfiguration conf = Life.settings()
                .updater(new Adam(0.01))
                .list()
                .layer(new FrozenLayer(dense(Life.IN, 7, "fc1")))
                .layer(new FrozenLayerWithBackprop(dense(7, 6, "fc2")))
                .layer(Life.softmax().nIn(6).name("out").build())
                .build();
        MultiLayerNetwork base = new MultiLayerNetwork(conf);
        base.init();
        String json = base.getLayerWiseConfigurations().toJson();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, Life.config());
        Life.assertSame(adapted.model().output(Life.input()), base.output(Life.input()));
        INDArray start = adapted.model().params().dup();
        adapted.model().fit(Life.data(1));
        adapted.model().fit(Life.data(2));
        adapted.model().paramTable().forEach((key, array) -> assertThat(key).isNotEqualTo("0_W"));
        assertThat(adapted.model().params().sub(start).amaxNumber().doubleValue())
                .isPositive();
        assertThat(adapted.model().getParam("0_WloraB").amaxNumber().doubleValue())
                .isPositive();
        Life.assertClose(adapted.merge().output(Life.input()), adapted.model().output(Life.input()), 1e-12);
        assertThat(adapted.merge().getLayerWiseConfigurations().toJson()).isEqualTo(json);
        Life.assertSame(adapted.detach().params(), base.params());
    }

    @Test
    void networksThatAreNotReady_areRefused() {
        MultiLayerNetwork empty = new MultiLayerNetwork(
                Life.network().getLayerWiseConfigurations().clone());
        assertThatThrownBy(() -> LoraPlus.attach(empty, Life.config()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("MultiLayerNetwork")
                .hasMessageContaining("init()");
        ComputationGraph none =
                new ComputationGraph(Life.graph().getConfiguration().clone());
        assertThatThrownBy(() -> LoraPlus.attach(none, Life.config()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ComputationGraph")
                .hasMessageContaining("init()");
        MultiLayerNetwork half = Life.network().convertDataType(DataType.HALF);
        Untouched untouched = Untouched.of(half);
        assertThatThrownBy(() -> LoraPlus.attach(half, Life.config()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HALF")
                .hasMessageContaining("convertDataType");
        untouched.check(half);
    }

    @Test
    void adaptedNetworks_areNotAdaptedAgain() {
        MultiLayerNetwork adapted =
                LoraPlus.attach(Life.network(), Life.config()).model();
        Untouched untouched = Untouched.of(adapted);
        assertThatThrownBy(() -> LoraPlus.attach(adapted, Life.config()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("already")
                .hasMessageContaining("fc1")
                .hasMessageContaining("LoraPlus.adapted");
        untouched.check(adapted);
        ComputationGraph graph = LoraPlus.attach(Life.graph(), Life.config()).model();
        assertThatThrownBy(() -> LoraPlus.attach(graph, Life.config())).hasMessageContaining("already");
        assertThat(LoraPlus.attach(LoraPlus.adapted(adapted).merge(), Life.config()))
                .isNotNull();
    }

    private static LoraConfig config(Targets targets) {
        return LoraConfig.builder().rank(2).targets(targets).build();
    }

    private static DenseLayer dense(int nIn, int nOut, String name) {
        return Life.dense(nOut).nIn(nIn).name(name).build();
    }

    /** What a network and ND4J were before, to be compared with what they are after. */
    private record Untouched(INDArray params, INDArray output, String json, DataType defaultType) {
        static Untouched of(MultiLayerNetwork network) {
            return new Untouched(
                    network.params().dup(),
                    network.output(Life.input()),
                    network.getLayerWiseConfigurations().toJson(),
                    Nd4j.defaultFloatingPointType());
        }

        void check(MultiLayerNetwork network) {
            Life.assertSame(network.params(), params);
            Life.assertSame(network.output(Life.input()), output);
            assertThat(network.getLayerWiseConfigurations().toJson()).isEqualTo(json);
            assertThat(Nd4j.defaultFloatingPointType()).isEqualTo(defaultType);
        }
    }
}
