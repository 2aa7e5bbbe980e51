package dev.loraplus.samples;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.loraplus.LoraPlus;
import dev.loraplus.samediff.AdaptedGraph;
import dev.loraplus.samediff.training.LoraTrainer;
import dev.loraplus.samples.gloss.GlossCommand;
import dev.loraplus.samples.gloss.GlossOptions;
import dev.loraplus.samples.gloss.GlossRun;
import java.io.IOException;
import java.io.PrintWriter;
import org.nd4j.autodiff.samediff.SameDiff;

/** Does in Java what {@code Quickstart.kt} does in Kotlin, with the same options and results. */
public final class QuickstartJava {
    private QuickstartJava() {}

    /** Fine-tunes a pretrained encoder on WordNet's definitions by LoRA+; see {@code --help}. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, UTF_8);
        System.exit(GlossCommand.run(args, QuickstartJava::quickstart, out, err));
    }

    private static void quickstart(GlossOptions options) throws IOException {
        try (GlossRun run = new GlossRun(options)) {
            AdaptedGraph adapted = LoraPlus.attach(run.newGraph(), options.config());
            try (LoraTrainer trainer = options.trainer(adapted).build()) {
                run.trainHeadAlone(trainer, adapted);
                run.train(trainer);
                run.evaluate(trainer, adapted.graph());

                adapted.save(run.adapterFolder());
                SameDiff fresh = run.newGraph();
                LoraPlus.load(fresh, run.adapterFolder());
                run.compare("reloaded", fresh);
                run.compare("merged", adapted.merge());
                run.report(trainer, adapted.graph());
            }
        }
    }
}
