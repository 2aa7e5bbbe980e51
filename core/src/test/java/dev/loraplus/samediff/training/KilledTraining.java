package dev.loraplus.samediff.training;

import dev.loraplus.io.CheckpointFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Trains or resumes in a process of its own, once told to go, and writes the parameters when done. */
final class KilledTraining {
    private KilledTraining() {}

    /** Takes the folder and the number of epochs. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        int epochs = Integer.parseInt(args[1]);
        warmUp();
        System.out.println("ready");
        if (System.in.read() != 'g') {
            return;
        }
        ResumedTraining.Outcome outcome = ResumedTraining.run(folder, epochs, builder -> builder.checkpointEvery(1));
        new CheckpointFile(outcome.values(), Map.of("best", outcome.best().toString())).write(folder.resolve("final"));
        System.out.write("done\n".getBytes(StandardCharsets.UTF_8));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /** Loads ND4J and compiles nothing that matters: the time until the first step is not what is tested. */
    private static void warmUp() {
        try (LoraTrainer trainer = LoraTrainer.builder(ResumedTraining.adapted())
                .eta(1e-2)
                .features("x")
                .labels("labels")
                .progress(false)
                .build()) {
            trainer.fit(ResumedTraining.data(), 1);
        }
    }
}
