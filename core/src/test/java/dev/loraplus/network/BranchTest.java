package dev.loraplus.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import java.util.stream.DoubleStream;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;

/** Layers that compute with an explicit branch. */
class BranchTest {
    private final DataSet data = Networks.data(DataType.DOUBLE);

    @Test
    void dropout_actsOnTheBranchInTrainingOnly_andIsRepeatedWithinAnIteration() {
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                Networks.dense(DataType.DOUBLE, new Sgd(0)),
                LoraConfig.builder().rank(2).dropout(0.5).targets("fc1").build());
        MultiLayerNetwork network = adapted.model();
        INDArray atStart = network.output(data.getFeatures(), true);
        assertThat(atStart).as("a branch of zeros").isEqualTo(network.output(data.getFeatures(), false));
        Networks.fill(network.params(), 3);
        INDArray trained = network.output(data.getFeatures(), true);

        assertThat(Networks.difference(trained, network.output(data.getFeatures(), false)))
                .isGreaterThan(1e-3);
        assertThat(network.output(data.getFeatures(), true)).isEqualTo(trained);
        network.fit(data);
        assertThat(network.output(data.getFeatures(), true))
                .as("next iteration")
                .isNotEqualTo(trained);
        assertThat(network.output(data.getFeatures(), false)
                        .equalsWithEps(adapted.merge().output(data.getFeatures()), 1e-12))
                .isTrue();
    }

    @Test
    void dropout_keepsTheMeanOfTheInput() {
        BranchDropout dropout = new BranchDropout(0.25, "fc1.W", 7);
        INDArray ones = Nd4j.ones(DataType.DOUBLE, 100, 100);
        INDArray mask = dropout.fill(ones.dup(), 3);
        assertThat(mask.meanNumber().doubleValue()).isBetween(0.98, 1.02);
        assertThat(DoubleStream.of(mask.reshape(-1).toDoubleVector()).distinct().boxed())
                .containsExactlyInAnyOrder(0.0, 1 / 0.75);
        assertThat(dropout.fill(ones.dup(), 3)).isEqualTo(mask);
        assertThat(dropout.fill(ones.dup(), 4)).isNotEqualTo(mask);
        assertThat(new BranchDropout(0.25, "fc2.W", 7).fill(ones.dup(), 3)).isNotEqualTo(mask);
    }

    @Test
    void dropout_isRefusedWhereThereIsNoBranch() {
        MultiLayerNetwork base = new MultiLayerNetwork(Networks.settings(DataType.FLOAT, new Adam())
                .list()
                .layer(new LSTM.Builder().name("lstm").nIn(4).nOut(5).build())
                .layer(new DenseLayer.Builder()
                        .name("fc")
                        .nIn(5)
                        .nOut(6)
                        .hasLayerNorm(true)
                        .build())
                .layer(Networks.softmax().nIn(6).nOut(3).build())
                .build());
        base.init();
        assertThatThrownBy(() ->
                        LoraPlus.attach(base, LoraConfig.builder().dropout(0.1).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'lstm' (LSTM)")
                .hasMessageContaining("'fc' (DenseLayer)")
                .hasMessageContaining("set dropout to 0");
    }

    /** The sums kept in the forward pass must not be used after the input has changed, or the workspace was left. */
    @Test
    void gradient_afterOtherPasses_isTheSame() {
        MultiLayerNetwork network = LoraPlus.attach(
                        Networks.dense(DataType.DOUBLE),
                        LoraConfig.builder().rank(2).build())
                .model();
        Networks.fill(network.params(), 3);
        INDArray expected = gradient(network);
        network.output(Networks.uniform(DataType.DOUBLE, 9, 3, Networks.IN), true);
        network.feedForward(data.getFeatures(), true);
        network.score(data, true);
        assertThat(gradient(network)).isEqualTo(expected);
    }

    @Test
    void externalErrors_flowThroughBranches() {
        ComputationGraph base = Networks.graph(DataType.DOUBLE);
        ComputationGraph plain = base.clone();
        ComputationGraph adapted =
                LoraPlus.attach(base, LoraConfig.builder().rank(2).build()).model();
        plain.fit(data);
        adapted.fit(data);
        assertThat(adapted.score()).isEqualTo(plain.score());
    }

    @Test
    void dropoutOfTheBase_staysInTraining() {
        MultiLayerNetwork base = new MultiLayerNetwork(Networks.settings(DataType.DOUBLE, new Sgd(0))
                .list()
                .layer(new DenseLayer.Builder().nIn(Networks.IN).nOut(40).build())
                .layer(new DenseLayer.Builder()
                        .nIn(40)
                        .nOut(6)
                        .dropOut(new Dropout(0.5))
                        .build())
                .layer(Networks.softmax().nIn(6).nOut(Networks.OUT).build())
                .build());
        base.init();
        MultiLayerNetwork adapted =
                LoraPlus.attach(base, LoraConfig.builder().rank(2).build()).model();
        Nd4j.getRandom().setSeed(5);
        INDArray expected = base.output(data.getFeatures(), true);
        Nd4j.getRandom().setSeed(5);
        assertThat(adapted.output(data.getFeatures(), true)).isEqualTo(expected);
        assertThat(expected).isNotEqualTo(base.output(data.getFeatures(), false));
    }

    private INDArray gradient(MultiLayerNetwork network) {
        network.setInput(data.getFeatures());
        network.setLabels(data.getLabels());
        network.computeGradientAndScore();
        return network.gradient().gradient().dup();
    }
}
