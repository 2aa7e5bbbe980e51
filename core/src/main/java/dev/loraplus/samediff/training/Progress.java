package dev.loraplus.samediff.training;

import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows a bar with ETA, loss, the rates of the groups and examples per second, once a run has lasted a moment. */
final class Progress implements AutoCloseable {
    private static final double SILENT_SECONDS = 2;
    private static final double SMOOTHING = 0.9;
    private static final long UNKNOWN = -1;
    private static final int WIDTH = 110;

    private final boolean wanted;
    private final long expectedSteps;
    private final long start = System.nanoTime();
    private @Nullable ProgressBar bar;
    private double loss = Double.NaN;
    private long examples;

    Progress(boolean wanted, long expectedSteps) {
        this.wanted = wanted;
        this.expectedSteps = expectedSteps;
    }

    void step(StepReport report) {
        examples += report.examples();
        loss = Double.isNaN(loss) ? report.loss() : SMOOTHING * loss + (1 - SMOOTHING) * report.loss();
        if (wanted && seconds() > SILENT_SECONDS) {
            if (bar == null) {
                bar = new ProgressBarBuilder()
                        .setTaskName("LoRA+")
                        .setInitialMax(expectedSteps == Long.MAX_VALUE ? UNKNOWN : expectedSteps)
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(1000)
                        .setMaxRenderedLength(WIDTH)
                        .continuousUpdate()
                        .build();
            }
            bar.setExtraMessage(
                    String.format(Locale.ROOT, "loss %.3f%s, %.0f ex/s", loss, rates(report), examples / seconds()));
            bar.stepTo(report.step());
        }
    }

    private static String rates(StepReport report) {
        StringBuilder text = new StringBuilder();
        report.rates().forEach((group, rate) -> text.append(String.format(Locale.ROOT, ", %s %.0e", group, rate)));
        return text.toString();
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
