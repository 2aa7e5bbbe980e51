package dev.loraplus.samediff.training;

import java.util.Objects;
import java.util.function.Supplier;
import java.util.function.ToDoubleBiFunction;
import org.nd4j.evaluation.IEvaluation;
import org.nd4j.evaluation.IMetric;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Runs one of ND4J's evaluations over data. */
record EvaluationFunction(
        IMetric metric, Supplier<? extends IEvaluation<?>> evaluation, String output, MultiDataSetIterator data)
        implements ToDoubleBiFunction<LoraTrainer, BatchMapping> {
    @Override
    public double applyAsDouble(LoraTrainer trainer, BatchMapping mapping) {
        IEvaluation<?> result = evaluation.get();
        data.reset();
        while (data.hasNext()) {
            MultiDataSet batch = data.next();
            INDArray value = Objects.requireNonNull(
                    trainer.output(mapping.placeholders(batch), output).get(output), output);
            result.eval(batch.getLabels(0), value, batch.getLabelsMaskArray(0));
        }
        return result.getValue(metric);
    }
}
