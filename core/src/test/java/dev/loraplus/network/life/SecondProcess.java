package dev.loraplus.network.life;

import dev.loraplus.LoraPlus;
import dev.loraplus.network.BaseWeightStore;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** Restores what {@link SecondProcessTest} wrote, trains it on, and writes what it then is. */
final class SecondProcess {
    private SecondProcess() {}

    /** Runs in a folder with base.zip, external.zip and embedded.zip. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        try {
            restore(folder, "external.zip");
        } catch (IllegalStateException e) {
            System.out.println("refused: " + e.getMessage());
        }
        MultiLayerNetwork base = restore(folder, "base.zip");
        BaseWeightStore.register(base);
        trainOn(restore(folder, "external.zip"), folder, "external");
        trainOn(restore(folder, "embedded.zip"), folder, "embedded");
        System.out.println("on " + base.numParams());
        new TransferLearning.Builder(restore(folder, "embedded.zip"))
                .fineTuneConfiguration(new FineTuneConfiguration.Builder()
                        .updater(new Sgd(0.5))
                        .build())
                .build();
        System.exit(0);
    }

    private static MultiLayerNetwork restore(Path folder, String name) throws IOException {
        return ModelSerializer.restoreMultiLayerNetwork(folder.resolve(name).toFile(), true);
    }

    private static void trainOn(MultiLayerNetwork network, Path folder, String name) throws IOException {
        write(folder, name + ".out", network.output(Life.input()));
        for (int i = 5; i < 8; i++) {
            network.fit(Life.data(i));
        }
        write(folder, name + ".params", network.params());
        write(folder, name + ".merged", LoraPlus.adapted(network).merge().params());
    }

    private static void write(Path folder, String name, INDArray array) throws IOException {
        Nd4j.saveBinary(array, folder.resolve(name).toFile());
    }
}
