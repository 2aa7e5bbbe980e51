package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import java.util.List;
import java.util.function.UnaryOperator;
import org.assertj.core.data.Offset;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class FineTuneTest {
    private static final double RATE = 0.05;

    @Test
    void updater_appliesToEveryLayer_andIsGoneAfterMerging() {
        MultiLayerNetwork base = Life.network();
        String json = base.getLayerWiseConfigurations().toJson();
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(base, builder -> builder.updater(new Sgd(RATE)));
        Steps.of(adapted.model(), Life.data(5))
                .assertRates("0_W", RATE)
                .assertRates("1_W", RATE)
                .assertRate("2_W", RATE)
                .assertRate("2_b", RATE);
        adapted.model().setLearningRate(1, 0.3);
        Steps.of(adapted.model(), Life.data(5)).assertRates("0_W", RATE).assertRates("1_W", 0.3);
        assertThat(adapted.merge().getLayerWiseConfigurations().toJson()).isEqualTo(json);
        assertThat(adapted.detach().getLayerWiseConfigurations().toJson()).isEqualTo(json);
        assertThat(base.getLayerWiseConfigurations().toJson()).isEqualTo(json);
    }

    @Test
    void updater_appliesToGraphs() {
        ComputationGraph graph = LoraPlus.attach(
                        Life.graph(),
                        Life.config(),
                        NetworkOptions.defaults().withFineTune(settings(builder -> builder.updater(new Sgd(RATE)))))
                .model();
        Life.fillB(graph.paramTable());
        Steps.of(graph, Life.data(5))
                .assertRates("left_W", RATE)
                .assertRates("right_W", RATE)
                .assertRate("out_W", RATE);
    }

    @Test
    void updater_makesABaseAdaptable_whoseOwnHasNoRate() {
        MultiLayerNetwork base = Life.network(new AdaDelta(), new AdaDelta(), new AdaDelta());
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(base, builder -> builder.updater(new Adam(0.01)));
        assertThat(adapted.describe().toString()).contains("fc1.WloraB [2, 7] FACTOR_B, rate 0.08");
        assertThatThrownBy(() -> attach(Life.network(), builder -> builder.updater(new AdaDelta())))
                .hasMessageContaining("AdaDelta");
    }

    /** DL4J gives a fine-tuning updater to its BaseLayer only, which SameDiff layers are not. */
    @Test
    void updater_reachesSameDiffLayers() {
        MultiLayerConfiguration conf = Life.settings()
                .updater(new Adam(0.5))
                .list()
                .layer(new LocallyConnected1D.Builder()
                        .kernelSize(2)
                        .stride(1)
                        .nOut(4)
                        .hasBias(false)
                        .build())
                .layer(new RnnOutputLayer.Builder(LossFunction.MSE)
                        .nOut(2)
                        .activation(Activation.IDENTITY)
                        .build())
                .setInputType(InputType.recurrent(3, 6))
                .build();
        MultiLayerNetwork base = new MultiLayerNetwork(conf);
        base.init();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                base,
                LoraConfig.builder().rank(2).lambda(4).build(),
                NetworkOptions.defaults().withFineTune(settings(builder -> builder.updater(new Sgd(RATE)))));
        assertThat(adapted.describe().toString())
                .contains("FACTOR_A, rate 0.05")
                .doesNotContain("rate 0.5")
                .contains("rate 0.2");
    }

    @Test
    void weightDecay_takesFromEachFactorAtItsOwnRate() {
        double decay = 0.3;
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(
                Life.network(),
                builder -> builder.updater(new Sgd(RATE)).weightDecay(decay).weightDecayBias(decay));
        INDArray base = adapted.detach().params();
        Steps steps = Steps.of(adapted.model(), Life.data(5));
        for (String key : new String[] {"0_WloraA", "1_WloraA", "2_W"}) {
            Life.assertClose(steps.moved(key), steps.expected(key, RATE, decay), 1e-15);
        }
        for (String key : new String[] {"0_WloraB", "1_WloraB"}) {
            Life.assertClose(steps.moved(key), steps.expected(key, Life.LAMBDA * RATE, decay), 1e-15);
        }
        Life.assertClose(steps.moved("2_b"), steps.expected("2_b", RATE, decay), 1e-15);
        Life.assertSame(adapted.detach().params(), base);
    }

    @Test
    void l2_addsToTheGradientOfEachFactor() {
        double l2 = 0.2;
        AdaptedNetwork<MultiLayerNetwork> adapted =
                attach(Life.network(), builder -> builder.updater(new Sgd(RATE)).l2(l2));
        Steps steps = Steps.of(adapted.model(), Life.data(5));
        Life.assertClose(steps.moved("0_WloraA"), steps.expected("0_WloraA", RATE, l2), 1e-15);
        Life.assertClose(steps.moved("0_WloraB"), steps.expected("0_WloraB", Life.LAMBDA * RATE, l2), 1e-15);
        double score = adapted.model().score(Life.data(5));
        double penalty = 0;
        for (String key : new String[] {"0_WloraA", "0_WloraB", "1_WloraA", "1_WloraB", "2_W"}) {
            double norm = adapted.model().getParam(key).norm2Number().doubleValue();
            penalty += 0.5 * l2 * norm * norm;
        }
        double plain = adapted.merge().score(Life.data(5));
        assertThat(score - plain).isCloseTo(penalty, Offset.offset(1e-12));
    }

    @Test
    void gradientNormalization_clipsTheFactorsOfALayer() {
        double limit = 1e-3;
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(Life.network(), builder -> builder.updater(new Sgd(1))
                .gradientNormalization(GradientNormalization.ClipElementWiseAbsoluteValue)
                .gradientNormalizationThreshold(limit));
        Steps steps = Steps.of(adapted.model(), Life.data(5));
        assertThat(steps.moved("0_WloraA").amaxNumber().doubleValue()).isLessThanOrEqualTo(limit + 1e-15);
        assertThat(steps.moved("0_WloraB").amaxNumber().doubleValue())
                .isGreaterThan(limit)
                .isLessThanOrEqualTo(Life.LAMBDA * limit + 1e-15);
    }

    @Test
    void dropout_actsInTrainingOnly() {
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(Life.network(), builder -> builder.dropOut(0.5));
        MultiLayerNetwork network = adapted.model();
        Life.assertSame(network.output(Life.input()), network.output(Life.input()));
        assertThat(network.output(Life.input(), true)
                        .sub(network.output(Life.input()))
                        .amaxNumber()
                        .doubleValue())
                .isPositive();
    }

    @Test
    void settingsWithoutEffect_areRefusedByName() {
        assertRefused("activation", builder -> builder.activation(Activation.RELU));
        assertRefused("weightInit", builder -> builder.weightInit(WeightInit.XAVIER));
        assertRefused("biasInit", builder -> builder.biasInit(1));
        assertRefused("convolutionMode", builder -> builder.convolutionMode(ConvolutionMode.Same));
        assertRefused("seed", builder -> builder.seed(7));
        assertRefused("miniBatch", builder -> builder.miniBatch(false));
        assertRefused("tbpttFwdLength", builder -> builder.tbpttFwdLength(5));
        assertRefused("backpropType", builder -> builder.backpropType(BackpropType.TruncatedBPTT));
    }

    @Test
    void settingsOfBiases_needModulesToSave() {
        UnaryOperator<FineTuneConfiguration.Builder> bias =
                builder -> builder.biasUpdater(new Sgd(0.3)).updater(new Sgd(RATE));
        Steps.of(attach(Life.network(), bias).model(), Life.data(5))
                .assertRate("2_W", RATE)
                .assertRate("2_b", 0.3)
                .assertRates("0_W", RATE);
        LoraConfig none = LoraConfig.builder().rank(2).build();
        assertRefused("biasUpdater", none, bias);
        assertRefused("l2Bias", none, builder -> builder.l2Bias(0.1));
        assertRefused("constraints", none, builder -> builder.constraints(List.of(new NonNegativeConstraint())));
    }

    private static void assertRefused(String name, UnaryOperator<FineTuneConfiguration.Builder> change) {
        assertRefused(name, Life.config(), change);
    }

    private static void assertRefused(
            String name, LoraConfig config, UnaryOperator<FineTuneConfiguration.Builder> change) {
        NetworkOptions options = NetworkOptions.defaults().withFineTune(settings(change));
        MultiLayerNetwork base = Life.network();
        assertThatThrownBy(() -> LoraPlus.attach(base, config, options))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("FineTuneConfiguration")
                .hasMessageContaining(name)
                .hasMessageContaining("Leave");
    }

    private static AdaptedNetwork<MultiLayerNetwork> attach(
            MultiLayerNetwork base, UnaryOperator<FineTuneConfiguration.Builder> change) {
        AdaptedNetwork<MultiLayerNetwork> adapted =
                LoraPlus.attach(base, Life.config(), NetworkOptions.defaults().withFineTune(settings(change)));
        Life.fillB(adapted.model().paramTable());
        return adapted;
    }

    private static FineTuneConfiguration settings(UnaryOperator<FineTuneConfiguration.Builder> change) {
        return change.apply(new FineTuneConfiguration.Builder()).build();
    }
}
