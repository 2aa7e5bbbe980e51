package dev.loraplus.samples.adaptation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class MetricTest {
    private static final long SEED = 11;
    private final Random random = new Random(SEED);

    @Test
    void accuracy_isThatOfDl4jsEvaluation() {
        MultiLayerNetwork network = network(new OutputLayer.Builder()
                .nIn(3)
                .nOut(4)
                .activation(Activation.SOFTMAX)
                .build());
        INDArray features = normal(23, 3);
        INDArray labels = Nd4j.zeros(23, 4);
        for (int i = 0; i < 23; i++) {
            labels.putScalar(i, random.nextInt(4), 1);
        }
        Evaluation evaluation = new Evaluation(4);
        evaluation.eval(labels, network.output(features));

        assertThat(Metric.ACCURACY.of(network, new DataSet(features, labels)))
                .as("seed %d", SEED)
                .isEqualTo(evaluation.accuracy(), within(1e-6));
        assertThat(Metric.ACCURACY.better(0.7, 0.6)).isTrue();
        assertThat(Metric.ACCURACY.format(0.7125)).isEqualTo("71.3 %");
    }

    @Test
    void rmse_isOverTheSecondHalfOfEachWindow() {
        MultiLayerNetwork network = network(new RnnOutputLayer.Builder(LossFunction.MSE)
                .nIn(3)
                .nOut(2)
                .activation(Activation.IDENTITY)
                .build());
        INDArray features = normal(4, 3, 5);
        INDArray labels = normal(4, 2, 5);
        INDArray output = network.output(features);
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 2; j++) {
                for (int t = 2; t < 5; t++) {
                    sum += Math.pow(output.getDouble(i, j, t) - labels.getDouble(i, j, t), 2);
                }
            }
        }

        assertThat(Metric.RMSE.of(network, new DataSet(features, labels)))
                .as("seed %d", SEED)
                .isEqualTo(Math.sqrt(sum / (4 * 2 * 3)), within(1e-5));
        assertThat(Metric.RMSE.better(0.6, 0.7)).isTrue();
        assertThat(Metric.RMSE.format(0.7125)).isEqualTo("0.713");
    }

    private INDArray normal(long... shape) {
        INDArray array = Nd4j.create(shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextGaussian());
        }
        return array;
    }

    private static MultiLayerNetwork network(org.deeplearning4j.nn.conf.layers.Layer layer) {
        MultiLayerNetwork network = new MultiLayerNetwork(
                new NeuralNetConfiguration.Builder().seed(SEED).list(layer).build());
        network.init();
        return network;
    }
}
