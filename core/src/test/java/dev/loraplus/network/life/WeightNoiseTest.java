package dev.loraplus.network.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.InDouble;
import dev.loraplus.network.NetworkOptions;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.MLNConfig;
import org.deeplearning4j.gradientcheck.GradientCheckUtil.PrintMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration.ListBuilder;
import org.deeplearning4j.nn.conf.distribution.ConstantDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.conf.weightnoise.IWeightNoise;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Weight noise given to an adapter's training acts on its weights in training passes, and there only. */
@ExtendWith(InDouble.class)
class WeightNoiseTest {
    private static final double NOISE = 0.25;

    /** A network, its name, and data for it. */
    private record Case(String name, InputType input, DataSet data, List<Layer> layers) {
        MultiLayerNetwork network() {
            ListBuilder builder = Life.settings().updater(new Sgd(0.1)).list();
            layers.forEach(layer -> builder.layer(layer.clone()));
            MultiLayerNetwork network =
                    new MultiLayerNetwork(builder.setInputType(input).build());
            network.init();
            return network;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case(
                        "Dense, Output",
                        InputType.feedForward(Life.IN),
                        Life.data(1),
                        List.of(Life.dense(7).build(), Life.softmax().build())),
                new Case(
                        "Output alone",
                        InputType.feedForward(Life.IN),
                        Life.data(1),
                        List.of(new OutputLayer.Builder(LossFunction.MSE)
                                .nOut(Life.OUT)
                                .activation(Activation.TANH)
                                .build())),
                new Case(
                        "Convolution2D",
                        InputType.convolutional(4, 4, 2),
                        new DataSet(
                                Life.uniform(1, Life.BATCH, 2, 4, 4),
                                Life.data(1).getLabels()),
                        List.of(
                                new ConvolutionLayer.Builder(2, 2).nOut(3).build(),
                                Life.softmax().build())),
                new Case(
                        "LSTM, RnnOutput",
                        InputType.recurrent(4, 5),
                        new DataSet(Life.uniform(1, 2, 4, 5), Life.uniform(2, 2, 3, 5)),
                        List.of(
                                new LSTM.Builder().nOut(6).build(),
                                new RnnOutputLayer.Builder(LossFunction.MSE)
                                        .nOut(3)
                                        .activation(Activation.IDENTITY)
                                        .build())));
    }

    /** With the same noise at every weight, what training computes is known. */
    @ParameterizedTest
    @MethodSource("cases")
    void constantNoise_movesEveryWeight_inTrainingPassesOnly(Case each) {
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(each.network(), constant());
        MultiLayerNetwork network = adapted.model();
        Life.fillB(network.paramTable());
        INDArray input = each.data().getFeatures();

        MultiLayerNetwork merged = adapted.merge();
        Life.assertClose(network.output(input), merged.output(input), 1e-12);
        merged.paramTable().forEach((key, array) -> {
            if (!key.endsWith("_b")) {
                array.addi(NOISE);
            }
        });
        Life.assertClose(network.output(input, true), merged.output(input), 1e-12);
        assertThat(network.score(each.data(), true)).isNotEqualTo(network.score(each.data(), false));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void constantNoise_isInTheGradient(Case each) {
        MultiLayerNetwork network = attach(
                        each.network(),
                        new FineTuneConfiguration.Builder()
                                .updater(new NoOp())
                                .weightNoise(new WeightNoise(new ConstantDistribution(NOISE)))
                                .build())
                .model();
        Life.fillB(network.paramTable());
        assertThat(GradientCheckUtil.checkGradients(new MLNConfig()
                        .net(network)
                        .input(each.data().getFeatures())
                        .labels(each.data().getLabels())
                        .maxRelError(1e-5)
                        .minAbsoluteError(1e-9)
                        .print(PrintMode.FAILURES_ONLY)))
                .isTrue();
    }

    @Test
    void dropConnect_isNeitherInPredictions_norInTheBase_norInTheMergedNetwork() {
        MultiLayerNetwork base = Life.network();
        String json = base.getLayerWiseConfigurations().toJson();
        INDArray before = base.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = attach(base, noise(new DropConnect(0.5)));
        MultiLayerNetwork network = adapted.model();
        Life.assertSame(network.output(Life.input()), base.output(Life.input()));
        assertThat(network.output(Life.input(), true)).isNotEqualTo(network.output(Life.input(), false));
        network.fit(Life.batches(5));
        Life.assertSame(base.params(), before);
        assertThat(adapted.merge().getLayerWiseConfigurations().toJson()).isEqualTo(json);
        assertThat(adapted.detach().getLayerWiseConfigurations().toJson()).isEqualTo(json);
    }

    /** Nothing but the noise can change the score of a network that learns nothing from one batch. */
    @ParameterizedTest
    @MethodSource("cases")
    void dropConnect_isDrawnAnewInEveryStep(Case each) {
        MultiLayerNetwork network = attach(
                        each.network(),
                        new FineTuneConfiguration.Builder()
                                .updater(new Sgd(0))
                                .weightNoise(new DropConnect(0.5))
                                .build())
                .model();
        INDArray params = network.params().dup();
        Set<Double> scores = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            network.fit(each.data());
            scores.add(network.score());
        }
        assertThat(scores).hasSizeGreaterThan(1);
        Life.assertSame(network.params(), params);
    }

    private static FineTuneConfiguration constant() {
        return noise(new WeightNoise(new ConstantDistribution(NOISE)));
    }

    private static FineTuneConfiguration noise(IWeightNoise noise) {
        return new FineTuneConfiguration.Builder().weightNoise(noise).build();
    }

    private static AdaptedNetwork<MultiLayerNetwork> attach(MultiLayerNetwork base, FineTuneConfiguration settings) {
        return LoraPlus.attach(
                base,
                LoraConfig.builder().rank(2).alpha(3).lambda(1).build(),
                NetworkOptions.defaults().withFineTune(settings));
    }
}
