package dev.loraplus.network;

import dev.loraplus.LoraConfig;
import dev.loraplus.LoraPlus;
import dev.loraplus.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Writes the folders {@code loraplus-0.1.0-<case>} of the resources, for {@code make_networks.py --check} to read: adapters
 * trained here and the outputs computed with them. Run by hand, in the folder of this module, for the networks named as
 * arguments, or all.
 */
final class TrainGoldenAdapters {
    private TrainGoldenAdapters() {}

    public static void main(String[] args) throws IOException {
        List<String> wanted = List.of(args);
        for (GoldenNetwork golden : GoldenNetwork.values()) {
            if (!golden.channelsLast() && (wanted.isEmpty() || wanted.contains(golden.name()))) {
                train(golden, golden.ours());
            }
        }
    }

    private static void train(GoldenNetwork golden, Path folder) throws IOException {
        LoraConfig like =
                LoraPlus.load(golden.base(DataType.FLOAT), golden.peft()).config();
        boolean steep =
                like.rsLora() || like.loraBias() || like.initialization().changesBase();
        double lambda = steep ? 1 : like.lambda(); // these would diverge
        AdaptedNetwork<MultiLayerNetwork> adapted = LoraPlus.attach(
                golden.base(DataType.FLOAT),
                like.toBuilder().seed(7).lambda(lambda).build());
        INDArray input = golden.input(DataType.FLOAT);
        INDArray labels = Networks.uniform(
                DataType.FLOAT, 3, adapted.model().output(input).shape());
        for (int step = 0; step < 20; step++) {
            adapted.model().fit(new DataSet(input, labels));
        }
        adapted.save(folder);
        INDArray output = LoraPlus.loadOntoAnyBase(golden.base(DataType.DOUBLE), folder)
                .model()
                .output(golden.input(DataType.DOUBLE));
        Safetensors.write(folder.resolve("output.safetensors"), Map.of("adapted", output), Map.of());
    }
}
