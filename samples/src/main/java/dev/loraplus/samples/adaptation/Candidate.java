package dev.loraplus.samples.adaptation;

import dev.loraplus.AdaptedModel;
import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.Targets;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/** A network to be trained in one way at one rate. The base is left as it was. */
sealed interface Candidate {
    /**
     * Holds learning rates.
     *
     * @param rate that of all that is trained but the head and B
     * @param head that of the last layer
     */
    record Rates(double rate, double head) {}

    /** Returns the network to train. */
    MultiLayerNetwork network();

    /** Returns the metric on the old domain, with the adapter disabled if there is one. */
    double oldDomain(Metric metric, DataSet examples);

    /** Writes what has to be kept of it to an existing folder. */
    void save(Path folder) throws IOException;

    /** Makes a candidate; nothing is trained yet. */
    static Candidate of(Way way, Rates rates, MultiLayerNetwork base, AdaptationPlan plan) {
        FineTuneConfiguration updater = new FineTuneConfiguration.Builder()
                .updater(new Adam(rates.rate()))
                .build();
        if (way == Way.FULL) {
            return new Full(new TransferLearning.Builder(base)
                    .fineTuneConfiguration(updater)
                    .build());
        }
        LoraConfig.Builder config = LoraConfig.builder()
                .seed(plan.settings().seed())
                .targets(way == Way.HEAD ? Targets.none() : plan.targets())
                .modulesToSave(plan.head())
                .headRate(rates.head())
                .rank(plan.settings().rank())
                .alpha(2.0 * plan.settings().rank())
                .lambda(plan.lambda(way));
        return new Adapted(
                LoraPlus.attach(base, config.build(), NetworkOptions.defaults().withFineTune(updater)));
    }

    /** A copy of the base, trained as a whole. */
    record Full(MultiLayerNetwork network) implements Candidate {
        @Override
        public double oldDomain(Metric metric, DataSet examples) {
            return metric.of(network, examples);
        }

        @Override
        public void save(Path folder) throws IOException {
            Files.createDirectories(folder);
            ModelSerializer.writeModel(network, folder.resolve("model.zip").toFile(), false);
        }
    }

    /** The base with an adapter, or with its head to be trained. */
    record Adapted(AdaptedNetwork<MultiLayerNetwork> handle) implements Candidate {
        @Override
        public MultiLayerNetwork network() {
            return handle.model();
        }

        @Override
        public double oldDomain(Metric metric, DataSet examples) {
            try (AdaptedModel.Disabled disabled = handle.disable()) {
                return metric.of(handle.model(), examples);
            }
        }

        @Override
        public void save(Path folder) throws IOException {
            handle.save(folder);
        }
    }
}
