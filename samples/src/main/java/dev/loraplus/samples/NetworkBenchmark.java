package dev.loraplus.samples;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.backend.NativeBuild;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Times DL4J networks with LoRA+ of rank 8 on every layer against the same networks without: a training step against one
 * of full fine-tuning, and a prediction for one example against the base's. The two are alternated in one run,
 * predictions in rows of 50; the ratios are those of the medians.
 */
public final class NetworkBenchmark {
    private static final int RANK = 8;
    private static final int WARM_UP = 10;
    /** Single predictions take about a millisecond, too little to time one by one. */
    private static final int PREDICTIONS_A_ROUND = 50;

    private static final int CLASSES = 10;
    private static final int TIME_STEPS = 20;

    private record Case(String name, MultiLayerNetwork network, INDArray features, INDArray labels) {}

    private NetworkBenchmark() {}

    /**
     * Runs the benchmark; exits with 1 if no case was timed.
     *
     * @param args the number of timed rounds, 30 by default, and a part of the names of the cases, by default
     *     all
     */
    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 30;
        if (rounds < 1) {
            System.err.println("The number of rounds must be at least 1, got " + rounds + ".");
            System.exit(2);
        }
        String wanted = args.length > 1 ? args[1] : "";
        System.out.println(NativeBuild.describe());
        List<Case> cases = List.of(mlp(), cnn(), lstm()).stream()
                .filter(one -> one.name().contains(wanted))
                .toList();
        int timed = 0;
        for (Case one : cases) {
            timed += time(one, rounds);
        }
        System.out.printf("%d cases, %d rounds each%n", timed, rounds);
        if (timed == 0) {
            System.err.println("No case was timed: no name contains '" + wanted + "'.");
            System.exit(1);
        }
    }

    private static int time(Case one, int rounds) {
        MultiLayerNetwork base = one.network();
        MultiLayerNetwork full = base.clone();
        MultiLayerNetwork adapted = LoraPlus.attach(base, config(base)).model();
        compareSteps(
                one.name() + ", step",
                rounds,
                () -> full.fit(one.features(), one.labels()),
                () -> adapted.fit(one.features(), one.labels()));
        INDArray example = one.features().get(NDArrayIndex.interval(0, 1)).dup();
        comparePredictions(
                one.name() + ", output of one", rounds, () -> base.output(example), () -> adapted.output(example));
        if (example.rank() != 3) {
            return 2;
        }
        INDArray moment = example.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(0, 1))
                .dup();
        comparePredictions(
                one.name() + ", rnnTimeStep of one",
                rounds,
                () -> base.rnnTimeStep(moment),
                () -> adapted.rnnTimeStep(moment));
        return 3;
    }

    private static LoraConfig config(MultiLayerNetwork network) {
        String[] names = Arrays.stream(network.getLayers())
                .filter(layer -> layer.numParams() > 0)
                .map(layer -> layer.conf().getLayer().getLayerName())
                .toArray(String[]::new);
        return LoraConfig.builder().rank(RANK).targets(names).build();
    }

    private static void comparePredictions(String name, int rounds, Runnable plain, Runnable adapted) {
        compare(name, rounds, PREDICTIONS_A_ROUND, repeated(plain), repeated(adapted));
    }

    private static Runnable repeated(Runnable work) {
        return () -> {
            for (int i = 0; i < PREDICTIONS_A_ROUND; i++) {
                work.run();
            }
        };
    }

    private static void compareSteps(String name, int rounds, Runnable plain, Runnable adapted) {
        compare(name, rounds, 1, plain, adapted);
    }

    /**
     * Times both in every round, in turns first. The ratio is that of the medians; beside it stands that of the first
     * deciles, which says what it would be on a machine that does nothing else.
     */
    private static void compare(String name, int rounds, int times, Runnable plain, Runnable adapted) {
        double[] plainMillis = new double[rounds];
        double[] adaptedMillis = new double[rounds];
        for (int round = -WARM_UP; round < rounds; round++) {
            boolean plainFirst = (round & 1) == 0;
            double first = millis(plainFirst ? plain : adapted);
            double second = millis(plainFirst ? adapted : plain);
            if (round >= 0) {
                plainMillis[round] = plainFirst ? first : second;
                adaptedMillis[round] = plainFirst ? second : first;
            }
        }
        double plainMedian = quantile(plainMillis, 0.5);
        double adaptedMedian = quantile(adaptedMillis, 0.5);
        System.out.printf(
                Locale.ROOT,
                "%-46s without %8.2f ms  with %8.2f ms  ratio %.2f  undisturbed %.2f%n",
                name,
                plainMedian / times,
                adaptedMedian / times,
                adaptedMedian / plainMedian,
                quantile(adaptedMillis, 0.1) / quantile(plainMillis, 0.1));
    }

    private static double millis(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e6;
    }

    private static double quantile(double[] values, double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) (share * sorted.length)];
    }

    private static Case mlp() {
        MultiLayerNetwork network =
                network(InputType.feedForward(784), dense("first", 1024), dense("second", 1024), head());
        return new Case("MLP 784-1024-1024-10, batch 128", network, random(128, 784), oneHot(128));
    }

    private static Case cnn() {
        MultiLayerNetwork network = network(
                InputType.convolutional(28, 28, 1),
                convolution("conv1", 16),
                pooling("pool1"),
                convolution("conv2", 32),
                pooling("pool2"),
                dense("dense", 128),
                head());
        return new Case("CNN 28x28, batch 32", network, random(32, 1, 28, 28), oneHot(32));
    }

    private static Case lstm() {
        MultiLayerNetwork network = network(
                InputType.recurrent(128),
                new LSTM.Builder()
                        .name("lstm")
                        .nOut(256)
                        .activation(Activation.TANH)
                        .build(),
                new RnnOutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 32, CLASSES, TIME_STEPS);
        IntStream.range(0, 32 * TIME_STEPS)
                .forEach(i -> labels.putScalar(i / TIME_STEPS, i % CLASSES, i % TIME_STEPS, 1));
        return new Case("LSTM 128x256, batch 32 x " + TIME_STEPS, network, random(32, 128, TIME_STEPS), labels);
    }

    private static MultiLayerNetwork network(InputType input, Layer... layers) {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(1e-4))
                .activation(Activation.RELU)
                .list(layers)
                .setInputType(input)
                .build());
        network.init();
        return network;
    }

    private static DenseLayer dense(String name, int nOut) {
        return new DenseLayer.Builder().name(name).nOut(nOut).build();
    }

    private static ConvolutionLayer convolution(String name, int channels) {
        return new ConvolutionLayer.Builder(5, 5).name(name).nOut(channels).build();
    }

    private static SubsamplingLayer pooling(String name) {
        return new SubsamplingLayer.Builder()
                .name(name)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    private static OutputLayer head() {
        return new OutputLayer.Builder()
                .name("head")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static INDArray random(long... shape) {
        return Nd4j.rand(Nd4j.getRandomFactory().getNewRandomInstance(1), shape);
    }

    private static INDArray oneHot(int count) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, count, CLASSES);
        IntStream.range(0, count).forEach(i -> labels.putScalar(i, i % CLASSES, 1));
        return labels;
    }
}
