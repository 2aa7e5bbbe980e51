package dev.loraplus.campaign;

import static org.assertj.core.api.Assertions.assertThat;

import dev.loraplus.LoraPlus;
import dev.loraplus.io.BaseFingerprint;
import dev.loraplus.network.AdaptedNetwork;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** An adapter that is loaded onto a MultiLayerNetwork of 5 - 7 - 3. */
final class NetworkSpecimen implements Specimen {
    private final String title;
    private final boolean sealed;
    private final Map<String, byte[]> files;
    private final Map<String, byte[]> strangers;
    private final MultiLayerNetwork network = network();
    private final String configuration = network.getLayerWiseConfigurations().toJson();
    private final String values = values();
    private @Nullable AdaptedNetwork<MultiLayerNetwork> adapted;

    NetworkSpecimen(String title, boolean sealed, Path folder, Path strange) {
        this.title = title;
        this.sealed = sealed;
        files = AdapterFiles.in(folder);
        strangers = AdapterFiles.in(strange);
    }

    static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc1")
                        .nIn(5)
                        .nOut(7)
                        .activation(Activation.RELU)
                        .build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("fc2")
                        .nIn(7)
                        .nOut(3)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
        network.init();
        return network;
    }

    @Override
    public String title() {
        return title;
    }

    @Override
    public boolean sealed(Map<String, byte[]> damaged) {
        return sealed && AdapterFiles.areSealed(damaged);
    }

    @Override
    public Map<String, byte[]> files() {
        return files;
    }

    @Override
    public Map<String, byte[]> strangers() {
        return strangers;
    }

    @Override
    public void open(Path folder) throws IOException {
        adapted = LoraPlus.load(network, folder);
    }

    @Override
    public void requireWhole(Map<String, byte[]> given) throws IOException {
        AdapterFiles.requireWhole(
                given,
                Objects.requireNonNull(adapted).adapter(),
                weight -> weight.replace(".W", ""),
                variable -> variable.replace(".W", ".weight").replace(".b", ".bias"));
        adapted = null;
    }

    @Override
    public void requireUntouched() {
        assertThat(network.getLayerWiseConfigurations().toJson()).isEqualTo(configuration);
        assertThat(values()).isEqualTo(values);
    }

    private String values() {
        return BaseFingerprint.of(Map.of("params", network.params()));
    }
}
