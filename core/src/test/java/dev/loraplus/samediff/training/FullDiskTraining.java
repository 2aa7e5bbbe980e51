package dev.loraplus.samediff.training;

import dev.loraplus.io.TensorChecksum;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.Fixtures;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Resumes a training where files can't grow, and says what it came to. */
final class FullDiskTraining {
    private FullDiskTraining() {}

    /** Takes the folder and the number of epochs. */
    public static void main(String[] args) {
        AdaptedGraph adapted = ResumedTraining.adapted();
        try (LoraTrainer trainer = ResumedTraining.settings(adapted, Path.of(args[0]))
                .checkpointEvery(1)
                .build()) {
            try {
                trainer.fit(ResumedTraining.data(), Integer.parseInt(args[1]));
            } catch (UncheckedIOException e) {
                System.out.println("fit: " + e.getMessage());
            }
            System.out.println("steps " + trainer.steps());
        }
        System.out.println("parameters " + digest(Fixtures.values(adapted)));
        Runtime.getRuntime().halt(0);
    }

    static long digest(Map<String, INDArray> values) {
        TensorChecksum checksum = new TensorChecksum();
        new TreeMap<>(values).values().forEach(checksum::add);
        return checksum.value();
    }
}
