package dev.loraplus;

import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.LoraTrainer;
import java.io.IOException;
import java.nio.file.Path;
import org.nd4j.autodiff.samediff.SameDiff;
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
}
