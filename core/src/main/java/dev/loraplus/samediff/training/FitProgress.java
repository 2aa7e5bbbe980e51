package dev.loraplus.samediff.training;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.loraplus.samediff.gradient.GradientComputer;
import java.util.ArrayList;
import java.util.List;

/**
 * Counts what one call of fit has done: enough to go on in the middle of an epoch, and to report as if it had never been
 * left. Its fields are the checkpoint's JSON.
 */
final class FitProgress {
    /** How many epochs ended. */
    int epochs;

    /** How many batches of the epoch under way were taken. */
    long batches;

    /** The checksum of all batches taken. */
    long checksum;

    long steps;
    long examples;
    double seconds;

    /** Whether a listener or early stopping ended it. */
    boolean stopped;

    /** The mean losses of each epoch that ended, in the order of the graph's losses. */
    List<double[]> means = new ArrayList<>();

    /** The sums of the losses over the steps of the epoch under way. */
    double[] sums = {};

    int stepsOfEpoch;

    /** The total loss of each step; a tensor of the checkpoint. */
    @JsonIgnore
    final List<Double> losses = new ArrayList<>();

    void add(double[] stepLosses, long stepExamples) {
        if (sums.length == 0) {
            sums = new double[stepLosses.length];
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] += stepLosses[i];
        }
        stepsOfEpoch++;
        steps++;
        losses.add(GradientComputer.total(stepLosses));
        examples += stepExamples;
    }

    /** Returns the mean losses of the epoch under way. */
    double[] mean() {
        double[] mean = sums.clone();
        for (int i = 0; i < mean.length; i++) {
            mean[i] /= stepsOfEpoch;
        }
        return mean;
    }

    /** Counts the epoch under way as ended. */
    void endEpoch(double[] mean) {
        means.add(mean);
        epochs++;
        batches = 0;
        sums = new double[0];
        stepsOfEpoch = 0;
    }

    TrainingResult result() {
        return new TrainingResult(steps, losses, examples, seconds);
    }
}
