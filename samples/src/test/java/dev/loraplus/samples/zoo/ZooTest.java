package dev.loraplus.samples.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.zoo.model.Darknet19;
import org.deeplearning4j.zoo.model.ResNet50;
import org.deeplearning4j.zoo.model.SqueezeNet;
import org.deeplearning4j.zoo.model.TextGenerationLSTM;
import org.deeplearning4j.zoo.model.TinyYOLO;
import org.deeplearning4j.zoo.model.VGG16;
import org.deeplearning4j.zoo.model.Xception;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Adapts whole networks of DL4J's zoo, with random weights: attach, train a step, save, restore, merge. */
class ZooTest {
    private static final LoraConfig CONFIG =
            LoraConfig.builder().rank(4).targets(Targets.allLinear()).seed(1).build();

    /** Some of these networks learn by AdaDelta, which has no rate that lambda could multiply. */
    private static final NetworkOptions OPTIONS = NetworkOptions.defaults()
            .withFineTune(
                    new FineTuneConfiguration.Builder().updater(new Adam(1e-3)).build());

    /** How far rounding in FLOAT may take merged weights from sums, and what a step must do at least. */
    private static final double MERGED = 1e-4;

    private static final double LEARNED = 5e-4;

    @TempDir
    private Path folder;

    @Test
    void resNet50_isAdaptedWithoutACopyOfItsWeights() throws IOException {
        ComputationGraph base = ResNet50.builder()
                .numClasses(7)
                .inputShape(new int[] {3, 96, 96})
                .build()
                .init();
        calm(base.params());
        long bytes = base.numParams() * DataType.FLOAT.width();
        System.gc();
        long before = Pointer.totalBytes();

        AdaptedNetwork<ComputationGraph> adapted = LoraPlus.attach(base, CONFIG);

        System.gc();
        assertThat(Pointer.totalBytes() - before)
                .as("bytes that attaching took")
                .isLessThan(bytes / 10);
        assertThat(adapted.model().numParams()).isLessThan(base.numParams() / 20);
        check(base, adapted, new DataSet(image(2, 96), oneHot(2, 7)));
    }

    @Test
    void textGenerationLstm_isAdapted() throws IOException {
        int characters = 11;
        MultiLayerNetwork base = (MultiLayerNetwork) TextGenerationLSTM.builder()
                .totalUniqueCharacters(characters)
                .inputShape(new int[] {6, characters})
                .build()
                .init();
        INDArray text = Nd4j.zeros(DataType.FLOAT, 3, characters, 6);
        for (int i = 0; i < 18; i++) {
            text.putScalar(new int[] {i / 6, (i * 5) % characters, i % 6}, 1);
        }
        INDArray before = base.params().dup();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(base, CONFIG);

        assertSame(adapted.model().output(text), base.output(text));
        adapted.model().fit(text, text);
        assertSame(base.params(), before);
        File zip = folder.resolve("lstm.zip").toFile();
        adapted.model().save(zip);
        MultiLayerNetwork restored = MultiLayerNetwork.load(zip, true);
        INDArray output = adapted.model().output(text);
        assertSame(restored.output(text), output);
        assertThat(distance(adapted.merge().output(text), output)).isLessThan(MERGED);
        assertThat(distance(base.output(text), output)).as("what was learned").isGreaterThan(LEARNED);
    }

    static Stream<Arguments> large() {
        return Stream.of(
                Arguments.of("VGG16", 64, supplier(() -> VGG16.builder()
                        .numClasses(7)
                        .inputShape(new int[] {3, 64, 64})
                        .build()
                        .init())),
                Arguments.of("Darknet19", 64, supplier(() -> Darknet19.builder()
                        .numClasses(7)
                        .inputShape(new int[] {3, 64, 64})
                        .build()
                        .init())),
                Arguments.of("SqueezeNet", 96, supplier(() -> SqueezeNet.builder()
                        .numClasses(7)
                        .inputShape(new int[] {3, 96, 96})
                        .build()
                        .init())),
                Arguments.of("Xception", 96, supplier(() -> Xception.builder()
                        .numClasses(7)
                        .inputShape(new int[] {3, 96, 96})
                        .build()
                        .init())));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("large")
    @Tag("slow")
    void largeGraph_isAdapted(String name, int size, Supplier<ComputationGraph> network) throws IOException {
        ComputationGraph base = network.get();
        check(base, LoraPlus.attach(base, CONFIG, OPTIONS), new DataSet(image(2, size), oneHot(2, 7)));
    }

    @Test
    @Tag("slow")
    void tinyYolo_isAdapted() throws IOException {
        ComputationGraph base = TinyYOLO.builder()
                .numClasses(3)
                .inputShape(new int[] {3, 64, 64})
                .build()
                .init();
        INDArray labels = Nd4j.zeros(DataType.FLOAT, 1, 4 + 3, 2, 2);
        labels.putScalar(new int[] {0, 0, 0, 0}, 0.2);
        labels.putScalar(new int[] {0, 1, 0, 0}, 0.3);
        labels.putScalar(new int[] {0, 2, 0, 0}, 0.9);
        labels.putScalar(new int[] {0, 3, 0, 0}, 0.8);
        labels.putScalar(new int[] {0, 4, 0, 0}, 1);
        check(base, LoraPlus.attach(base, CONFIG, OPTIONS), new DataSet(image(1, 64), labels));
    }

    private void check(ComputationGraph base, AdaptedNetwork<ComputationGraph> adapted, DataSet batch)
            throws IOException {
        INDArray before = base.params().dup();
        INDArray first = base.outputSingle(batch.getFeatures()).dup();
        assertThat(first.isNaN().any()).as("the base computes NaN").isFalse();
        assertSame(adapted.model().outputSingle(batch.getFeatures()), first);

        adapted.model().fit(batch);

        assertSame(base.params(), before);
        File zip = folder.resolve("graph.zip").toFile();
        adapted.model().save(zip);
        ComputationGraph restored = ComputationGraph.load(zip, true);
        INDArray output = adapted.model().outputSingle(batch.getFeatures());
        assertThat(distance(first, output)).as("what was learned").isGreaterThan(LEARNED);
        assertSame(restored.outputSingle(batch.getFeatures()), output);
        ComputationGraph merged = adapted.merge();
        assertThat(merged.getConfiguration().toJson())
                .isEqualTo(base.getConfiguration().toJson());
        assertThat(distance(merged.outputSingle(batch.getFeatures()), output)).isLessThan(MERGED);
    }

    /** Random weights of the zoo let such deep networks overflow in test mode; smaller ones don't. */
    private static void calm(INDArray params) {
        params.muli(0.2);
    }

    private static Supplier<ComputationGraph> supplier(Supplier<ComputationGraph> network) {
        return network;
    }

    /** Returns the largest difference, as a part of the largest output: some of these networks' are tiny. */
    private static double distance(INDArray actual, INDArray expected) {
        return actual.sub(expected).amaxNumber().doubleValue()
                / expected.amaxNumber().doubleValue();
    }

    private static void assertSame(INDArray actual, INDArray expected) {
        assertThat(actual.equalsWithEps(expected, 0))
                .as("%s against %s", actual, expected)
                .isTrue();
    }

    private static INDArray image(int count, int size) {
        float[] pixels = new float[count * 3 * size * size];
        Random random = new Random(5);
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = random.nextFloat();
        }
        return Nd4j.createFromArray(pixels).reshape(count, 3, size, size);
    }

    private static INDArray oneHot(int count, int classes) {
        INDArray labels = Nd4j.zeros(DataType.FLOAT, count, classes);
        for (int i = 0; i < count; i++) {
            labels.putScalar(i, (3 * i + 1) % classes, 1);
        }
        return labels;
    }
}
