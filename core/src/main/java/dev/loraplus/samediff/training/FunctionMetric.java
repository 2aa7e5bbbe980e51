package dev.loraplus.samediff.training;

import java.util.function.ToDoubleBiFunction;

/** Measures by a function of the trainer and of where its batches go. */
final class FunctionMetric extends Metric {
    private final ToDoubleBiFunction<LoraTrainer, BatchMapping> function;

    FunctionMetric(String name, boolean higherIsBetter, ToDoubleBiFunction<LoraTrainer, BatchMapping> function) {
        super(name, higherIsBetter);
        this.function = function;
    }

    @Override
    double evaluate(LoraTrainer trainer, BatchMapping mapping) {
        return function.applyAsDouble(trainer, mapping);
    }
}
