package dev.loraplus.samples.adaptation;

import dev.loraplus.backend.NativeBuild;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/**
 * Holds what a program compares: its data, its network, what it adapts.
 *
 * @param domains the examples
 * @param plan how the network is adapted
 * @param network the network, untrained
 * @param pretraining passes over the old domain
 */
public record Sample(Domains domains, AdaptationPlan plan, MultiLayerNetwork network, int pretraining) {
    /**
     * Trains the network, adapts it in every way, prints a table and writes {@code results.json}.
     *
     * @throws IOException if a file can't be written
     */
    public Results run(Path folder, PrintWriter out) throws IOException {
        long start = System.nanoTime();
        Files.createDirectories(folder);
        out.println(NativeBuild.describe());
        out.printf("seed %d, %d parameters%n", plan.settings().seed(), network.numParams());
        Comparison comparison = new Comparison(domains, plan, out);
        comparison.pretrain(network, pretraining);
        Results results = comparison.run(network, folder);
        results.write(folder.resolve("results.json"));
        out.printf("%n%s%n", ResultsTable.of(results, plan.metric()));
        out.printf(
                "Rates were chosen on validation examples of the new domain, each way from the same %d, that of the head for"
                        + " the head alone; test examples were scored once.%nOld domain: adapters disabled, full"
                        + " fine-tuning as it is now. Seconds: the median of the trainings with these rates.%n",
                plan.rates().size());
        out.printf("%.0f s in all; %s%n", (System.nanoTime() - start) / 1e9, folder.resolve("results.json"));
        out.flush();
        return results;
    }
}
