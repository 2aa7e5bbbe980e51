package dev.loraplus.samediff.training;

import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.IMetric;
import org.nd4j.linalg.dataset.adapter.MultiDataSetIteratorAdapter;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Measures how good an adapter is, by one number, while it is trained.
 *
 * <p>The data iterator of a metric is reset before each evaluation, and must not be the one trained on.
 *
 * @since 0.1.0
 */
public abstract sealed class Metric permits LossMetric, FunctionMetric {
    private final String name;
    private final boolean higherIsBetter;

    Metric(String name, boolean higherIsBetter) {
        this.name = Objects.requireNonNull(name, "name must not be null");
        this.higherIsBetter = higherIsBetter;
    }

    /**
     * Measures the loss that is trained, without dropout, label smoothing and class weights: lower is better. Named
     * {@code loss}.
     *
     * @param data what it is measured on; batches count by what the loss averages over, see {@link LossAverage}
     */
    public static Metric loss(MultiDataSetIterator data) {
        return new LossMetric(data);
    }

    /** Measures the loss as {@link #loss(MultiDataSetIterator)}. */
    public static Metric loss(DataSetIterator data) {
        return loss(new MultiDataSetIteratorAdapter(data));
    }

    /**
     * Measures by one of ND4J's evaluations, for example {@code Metric.of(Evaluation.Metric.F1, Evaluation::new,
     * "logits", data)}; whether higher is better is the metric's {@link IMetric#minimize()}.
     *
     * @param metric what to read off the evaluation
     * @param evaluation makes an evaluation of the metric's class
     * @param output the variable that is compared with the first label array, under the first label mask if a batch has
     *     one
     * @param data what it is measured on
     */
    public static Metric of(
            IMetric metric, Supplier<? extends IEvaluation<?>> evaluation, String output, MultiDataSetIterator data) {
        return new FunctionMetric(
                metric.toString(), !metric.minimize(), new EvaluationFunction(metric, evaluation, output, data));
    }

    /** Measures by a function of the trainer, for example of its {@link LoraTrainer#output}: higher is better. */
    public static Metric higher(String name, ToDoubleFunction<LoraTrainer> function) {
        return new FunctionMetric(name, true, (trainer, mapping) -> function.applyAsDouble(trainer));
    }

    /** Measures by a function of the trainer, for example of its {@link LoraTrainer#output}: lower is better. */
    public static Metric lower(String name, ToDoubleFunction<LoraTrainer> function) {
        return new FunctionMetric(name, false, (trainer, mapping) -> function.applyAsDouble(trainer));
    }

    /** Returns what the number is called. */
    public String name() {
        return name;
    }

    /** Returns whether a higher value is better. */
    public boolean higherIsBetter() {
        return higherIsBetter;
    }

    /** Returns whether {@code value} is better than {@code other} by more than {@code delta}; NaN is never better. */
    boolean isBetter(double value, double other, double delta) {
        return higherIsBetter ? value > other + delta : value < other - delta;
    }

    /** Returns the value for the trainer's present parameters. */
    abstract double evaluate(LoraTrainer trainer, BatchMapping mapping);
}
