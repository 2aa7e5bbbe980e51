package dev.loraplus.samples.series;

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
import org.nd4j.linalg.dataset.DataSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * Trains an LSTM to forecast the next value of a synthetic series, then adapts it to a series whose waves have other
 * periods, with 400 values, in four ways.
 *
 * <p>Both series are made by {@link SineSeries}: no measurement of anything. Parts follow each other in time: training,
 * validation, test.
 *
 * @since 0.1.0
 */
@Command(
        name = "series",
        description = "Adapts an LSTM that forecasts a synthetic series to other frequencies: full, head, LoRA, LoRA+.",
        sortOptions = false,
        usageHelpAutoWidth = true)
public final class SeriesAdaptation implements Callable<Integer> {
    private static final double NOISE = 0.1;
    private static final SineSeries OLD = new SineSeries(List.of(9.0, 14.0, 23.0), NOISE);
    private static final SineSeries NEW = new SineSeries(List.of(4.0, 7.3, 11.0), NOISE);
    private static final int LENGTH = 16;
    private static final int STRIDE = 8;
    private static final int PRETRAINING_VALUES = 1600;
    private static final int TRAINING_VALUES = 400;
    private static final int VALIDATION_VALUES = 400;
    private static final int TEST_VALUES = 1000;
    private static final int BATCH = 100;
    private static final int EPOCHS = 16;
    private static final int PRETRAINING = 30;
    private static final List<Double> RATES = List.of(3e-3, 1e-2, 3e-2, 1e-1);

    @Mixin
    private final AdaptationOptions options = new AdaptationOptions(EPOCHS, Path.of("target/series"));

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls
    private CommandSpec spec;

    /** Runs the program; see {@code --help}. */
    public static void main(String[] args) {
        System.exit(AdaptationCommand.run(
                new SeriesAdaptation(),
                args,
                new PrintWriter(System.out, true, UTF_8),
                new PrintWriter(System.err, true, UTF_8)));
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "Synthetic series; no forecast can have an RMSE below the noise, %.2f, whatever it forecasts.%n",
                NOISE);
        sample(options.settings(), RATES, PRETRAINING).run(options.output(), out);
        return 0;
    }

    static Sample sample(AdaptationSettings settings, List<Double> rates, int pretraining) {
        int oldLength = PRETRAINING_VALUES + TEST_VALUES;
        double[] old = OLD.values(oldLength, settings.seed());
        int validation = TRAINING_VALUES + VALIDATION_VALUES;
        int newLength = validation + TEST_VALUES;
        double[] fresh = NEW.values(newLength, settings.seed() + 1);
        Domains domains = new Domains(
                windows(old, 0, PRETRAINING_VALUES).batchBy(BATCH),
                windows(fresh, 0, TRAINING_VALUES).batchBy(BATCH),
                windows(fresh, TRAINING_VALUES, validation),
                windows(fresh, validation, newLength),
                windows(old, PRETRAINING_VALUES, oldLength));
        return new Sample(
                domains,
                new AdaptationPlan(
                        Metric.RMSE, Targets.named(SeriesNetwork.RECURRENT), SeriesNetwork.HEAD, rates, settings),
                SeriesNetwork.untrained(settings.seed()),
                pretraining);
    }

    private static DataSet windows(double[] values, int from, int until) {
        return SineSeries.windows(values, from, until, LENGTH, STRIDE);
    }
}
