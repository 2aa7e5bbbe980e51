package dev.loraplus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.samediff.AdaptedGraph;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.TestDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Holds the README to code that compiles and runs. */
class ReadmeTest {
    private static final Path ROOT = Path.of("..");

    @Test
    void javaCodeOfTheReadme_isTheExample() throws IOException {
        String example = Files.readString(Path.of("src/test/java/dev/loraplus/ReadmeExample.java"));
        String readme = Files.readString(ROOT.resolve("README.md"));

        assertThat(findAll(readme, "(?s)```java\n(.*?)\n```"))
                .isNotEmpty()
                .isEqualTo(findAll(example, "(?s)// README[a-z ]*: begin\n(.*?)\n *// README[a-z ]*: end"));
    }

    @Test
    void linksOfTheReadme_leadToFiles() throws IOException {
        String readme = Files.readString(ROOT.resolve("README.md"));

        assertThat(Pattern.compile("]\\((?!http)([^)#]+)").matcher(readme).results())
                .isNotEmpty()
                .allSatisfy(link -> assertThat(ROOT.resolve(link.group(1))).exists());
    }

    @Test
    void example_trainsSavesAndMerges(@TempDir Path folder) throws IOException {
        SameDiff graph = graph();
        INDArray base = graph.getVariable("query.weight").getArr().dup();

        AdaptedGraph adapted = ReadmeExample.run(graph, data(), folder);

        assertThat(adapted.isMerged()).isTrue();
        assertThat(folder).isDirectoryContaining("glob:**/adapter_model.safetensors");
        assertThat(graph.getVariable("query.weight").getArr()).isNotEqualTo(base);
    }

    @Test
    void networkExample_trainsSavesAndMerges(@TempDir Path folder) throws IOException {
        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(1e-2))
                .list()
                .layer(new DenseLayer.Builder().nIn(11).nOut(9).name("hidden").build())
                .layer(new OutputLayer.Builder()
                        .nIn(9)
                        .nOut(3)
                        .name("output")
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        base.init();
        INDArray before = base.params().dup();
        File zip = folder.resolve("adapted.zip").toFile();
        INDArray labels = Nd4j.eye(3).getRows(0, 2, 1, 0, 2);
        DataSetIterator batches = new TestDataSetIterator(new DataSet(values(5, 5, 11), labels), 5);

        MultiLayerNetwork merged = ReadmeExample.run(base, batches, zip);

        assertThat(zip).isNotEmpty();
        assertThat(base.params().equalsWithEps(before, 0)).isTrue();
        assertThat(merged.params()).isNotEqualTo(before);
        assertThat(merged.getLayerWiseConfigurations().toJson())
                .isEqualTo(base.getLayerWiseConfigurations().toJson());
    }

    private static List<String> findAll(String text, String regex) {
        return Pattern.compile(regex)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1).stripIndent())
                .toList();
    }

    /** input·query, tanh, ·value, tanh, ·classifier + bias, softmax cross-entropy. */
    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable input = graph.placeHolder("input", DataType.FLOAT, -1, 11);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 3);
        SDVariable query = graph.math.tanh(graph.mmul(input, graph.var("query.weight", values(1, 11, 10))));
        SDVariable value = graph.math.tanh(graph.mmul(query, graph.var("value.weight", values(2, 10, 9))));
        SDVariable classifier = graph.mmul(value, graph.var("classifier.weight", values(3, 9, 3)));
        SDVariable logits = classifier.add("logits", graph.var("classifier.bias", values(4, 3)));
        graph.loss.softmaxCrossEntropy("loss", labels, logits, null);
        graph.setLossVariables("loss");
        return graph;
    }

    private static MultiDataSetIteratorAdapter data() {
        INDArray labels = Nd4j.eye(3).getRows(0, 2, 1, 0, 2);
        DataSetIterator batches = new TestDataSetIterator(new DataSet(values(5, 5, 11), labels), 5);
        return new MultiDataSetIteratorAdapter(batches);
    }

    private static INDArray values(long seed, long... shape) {
        int length = (int) Arrays.stream(shape).reduce(1, (x, y) -> x * y);
        double[] numbers = new Random(seed).doubles(length, -1, 1).toArray();
        return Nd4j.createFromArray(numbers).castTo(DataType.FLOAT).reshape('c', shape);
    }
}
