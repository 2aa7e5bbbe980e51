package example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class UserTest {
    private final DataSet examples = new DataSet(
            Nd4j.linspace(-1, 1, 70).reshape(10, 7), Nd4j.eye(3).getRows(0, 2, 1, 0, 2, 1, 1, 0, 2, 0));

    @TempDir
    Path folder;

    @Test
    void kotlinAndJava_adaptAlike() throws IOException {
        MultiLayerNetwork base = network();
        MultiLayerNetwork kotlin = KotlinUserKt.adaptInKotlin(base, examples, folder.resolve("kotlin"));
        MultiLayerNetwork java = JavaUser.adapt(base, examples, folder.resolve("java"));

        assertTrue(kotlin.score(examples) < base.score(examples));
        assertEquals(kotlin.params(), java.params());
        assertTrue(Files.exists(folder.resolve("kotlin/adapter_model.safetensors")));
        assertTrue(Files.exists(folder.resolve("java/adapter_model.safetensors")));
        System.out.println("outside project: " + base.score(examples) + " -> " + kotlin.score(examples));
    }

    private static MultiLayerNetwork network() {
        DenseLayer hidden = new DenseLayer.Builder()
                .name("hidden")
                .nIn(7)
                .nOut(6)
                .activation(Activation.TANH)
                .build();
        OutputLayer output =
                new OutputLayer.Builder().nIn(6).nOut(3).activation(Activation.SOFTMAX).build();
        MultiLayerNetwork network = new MultiLayerNetwork(
                new NeuralNetConfiguration.Builder().seed(1).list(hidden, output).build());
        network.init();
        return network;
    }
}
