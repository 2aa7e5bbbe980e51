package dev.loraplus;

import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** The Java code of the README, which {@link ReadmeTest} compares and runs. */
final class ReadmeExample {
    private ReadmeExample() {}

    static AdaptedGraph run(SameDiff graph, MultiDataSetIterator data, Path folder) throws IOException {
        // README: begin
        LoraConfig config = LoraConfig.builder()
                .rank(8)
                .lambda(16)
                .targets("query", "value")
                .modulesToSave("classifier")
                .build();
        AdaptedGraph adapted = LoraPlus.attach(graph, config);
        try (LoraTrainer trainer = LoraTrainer.builder(adapted)
                .eta(4e-4)
                .features("input")
                .labels("labels")
                .build()) {
            trainer.fit(data, 3);
        }
        adapted.save(folder);
        adapted.merge();
        // README: end
        return adapted;
    }

    static MultiLayerNetwork run(MultiLayerNetwork base, DataSetIterator data, File zip) throws IOException {
        // README networks: begin
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                base,
                LoraConfig.builder()
                        .rank(4)
                        .lambda(8)
                        .targets(Targets.allLinear())
                        .modulesToSave("output")
                        .build());
        MultiLayerNetwork network = adapted.model();
        network.fit(data, 5);
        network.save(zip);
        MultiLayerNetwork merged = adapted.merge();
        // README networks: end
        return merged;
    }
}
