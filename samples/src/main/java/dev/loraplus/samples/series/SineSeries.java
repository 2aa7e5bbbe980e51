package dev.loraplus.samples.series;

import java.util.List;
import java.util.Random;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A synthetic series: sinusoids of equal amplitude and random phase, summed, with white Gaussian noise on each value.
 *
 * <p>x(t) = sqrt(2 / n) &middot; sum over n periods p of sin(2 &pi; t / p + phase) + noise &middot; N(0, 1), so the
 * variance is 1 + noise&sup2;, and no forecast of the next value can have a root mean square error below the noise.
 *
 * @param periods lengths of the waves in steps; a domain is a set of them
 * @param noise standard deviation of the noise
 * @since 0.1.0
 */
public record SineSeries(List<Double> periods, double noise) {
    /** Creates a series; the periods are copied. */
    public SineSeries {
        periods = List.copyOf(periods);
    }

    /** Returns the first {@code length} values; the seed draws the phases and the noise. */
    public double[] values(int length, long seed) {
        Random random = new Random(seed);
        double[] phases = periods.stream()
                .mapToDouble(period -> 2 * Math.PI * random.nextDouble())
                .toArray();
        double amplitude = Math.sqrt(2.0 / phases.length);
        double[] values = new double[length];
        for (int t = 0; t < length; t++) {
            for (int i = 0; i < phases.length; i++) {
                values[t] += amplitude * Math.sin(2 * Math.PI * t / periods.get(i) + phases[i]);
            }
            values[t] += noise * random.nextGaussian();
        }
        return values;
    }

    /**
     * Cuts {@code values[from, until)} into windows of {@code length} steps that start {@code stride} steps apart.
     *
     * @return features {@code [b, 1, t]}, the values, and labels {@code [b, 1, t]}, the values one step later
     */
    public static DataSet windows(double[] values, int from, int until, int length, int stride) {
        int count = (until - from - length - 1) / stride + 1;
        INDArray features = Nd4j.create(count, 1, length);
        INDArray labels = Nd4j.create(count, 1, length);
        for (int window = 0; window < count; window++) {
            int start = from + window * stride;
            for (int t = 0; t < length; t++) {
                features.putScalar(window, 0, t, values[start + t]);
                labels.putScalar(window, 0, t, values[start + t + 1]);
            }
        }
        return new DataSet(features, labels);
    }
}
