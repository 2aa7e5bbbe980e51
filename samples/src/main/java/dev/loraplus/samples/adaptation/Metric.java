package dev.loraplus.samples.adaptation;

import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Says how good a network is on examples. */
public enum Metric {
    /** The share of examples whose likeliest class is the right one: labels {@code [b, classes]}, one-hot. */
    ACCURACY("accuracy") {
        @Override
        public double of(MultiLayerNetwork network, DataSet examples) {
            INDArray predicted = network.output(examples.getFeatures()).argMax(1);
            INDArray actual = examples.getLabels().argMax(1);
            return predicted
                    .eq(actual)
                    .castTo(examples.getLabels().dataType())
                    .meanNumber()
                    .doubleValue();
        }

        @Override
        public boolean better(double first, double second) {
            return first > second;
        }

        @Override
        public String format(double value) {
            return String.format(Locale.ROOT, "%.1f %%", 100 * value);
        }
    },
    /**
     * The root of the mean squared error over the second half of each window, where the network has seen enough of it:
     * labels {@code [b, nOut, t]}.
     */
    RMSE("RMSE") {
        @Override
        public double of(MultiLayerNetwork network, DataSet examples) {
            INDArray error = network.output(examples.getFeatures()).sub(examples.getLabels());
            long steps = error.size(2);
            INDArray second =
                    error.get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(steps / 2, steps));
            return Math.sqrt(second.mul(second).meanNumber().doubleValue());
        }

        @Override
        public boolean better(double first, double second) {
            return first < second;
        }

        @Override
        public String format(double value) {
            return String.format(Locale.ROOT, "%.3f", value);
        }
    };

    private final String label;

    Metric(String label) {
        this.label = label;
    }

    /** Returns what the metric is called in a table. */
    public String label() {
        return label;
    }

    /** Returns how good the network is on the examples. */
    public abstract double of(MultiLayerNetwork network, DataSet examples);

    /** Returns whether the first value is strictly better than the second. */
    public abstract boolean better(double first, double second);

    /** Returns the value as a table shows it. */
    public abstract String format(double value);
}
