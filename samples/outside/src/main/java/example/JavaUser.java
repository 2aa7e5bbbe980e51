package example;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.network.AdaptedNetwork;
import dev.loraplus.network.NetworkOptions;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/** Does in Java what {@code KotlinUser.kt} does in Kotlin. */
final class JavaUser {
    private JavaUser() {}

    static MultiLayerNetwork adapt(MultiLayerNetwork base, DataSet examples, Path folder) throws IOException {
        FineTuneConfiguration training =
                new FineTuneConfiguration.Builder().updater(new Adam(1e-2)).build();
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                base,
                LoraConfig.builder().rank(2).lambda(8).targets("hidden").build(),
                NetworkOptions.defaults().withFineTune(training));
        for (int epoch = 0; epoch < 20; epoch++) {
            examples.batchBy(5).forEach(adapted.model()::fit);
        }
        adapted.save(folder);
        return adapted.merge();
    }
}
