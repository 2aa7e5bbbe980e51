package dev.loraplus.samples.digits;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.loraplus.Targets;
import dev.loraplus.samples.adaptation.AdaptationCommand;
import dev.loraplus.samples.adaptation.AdaptationOptions;
import dev.loraplus.samples.adaptation.AdaptationPlan;
import dev.loraplus.samples.adaptation.AdaptationSettings;
import dev.loraplus.samples.adaptation.Domains;
import dev.loraplus.samples.adaptation.Metric;
import dev.loraplus.samples.adaptation.Sample;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * Trains a small convolutional network on the UCI optical digits, then adapts it to digits that are turned by 90 degrees
 * and inverted, with 100 examples, in four ways.
 *
 * <p>The data: {@link DigitsFile}; the parts: {@link DigitSplits}.
 *
 * @since 0.1.0
 */
@Command(
        name = "digits",
        description = "Adapts a network that reads digits to rotated and inverted ones: full, head, LoRA, LoRA+.",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class DigitsAdaptation implements Callable<Integer> {
    private static final int EPOCHS = 25;
    private static final int PRETRAINING = 12;
    private static final int PRETRAINING_BATCH = 32;
    private static final int BATCH = 20;
    private static final List<Double> RATES = List.of(1e-3, 3e-3, 1e-2, 3e-2);

    @Mixin
    private final AdaptationOptions options = new AdaptationOptions(EPOCHS, Path.of("target/digits"));

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls
    private CommandSpec spec;

    /** Runs the program; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(AdaptationCommand.run(
                new DigitsAdaptation(),
                args,
                new PrintWriter(System.out, true, UTF_8),
                new PrintWriter(System.err, true, UTF_8)));
    }

    @Override
    public Integer call() throws IOException {
        sample(DigitsFile.read(), options.settings(), RATES, PRETRAINING)
                .run(options.output(), spec.commandLine().getOut());
        return 0;
    }

    static Sample sample(DigitImages images, AdaptationSettings settings, List<Double> rates, int pretraining) {
        DigitSplits splits = DigitSplits.of(images, settings.seed());
        Domains domains = new Domains(
                splits.pretraining().toDataSet().batchBy(PRETRAINING_BATCH),
                splits.training().shifted().toDataSet().batchBy(BATCH),
                splits.validation().shifted().toDataSet(),
                splits.test().shifted().toDataSet(),
                splits.test().toDataSet());
        Targets targets = Targets.named("conv1", "conv2", "dense");
        return new Sample(
                domains,
                new AdaptationPlan(Metric.ACCURACY, targets, DigitNetwork.HEAD, rates, settings),
                DigitNetwork.untrained(settings.seed()),
                pretraining);
    }
}
