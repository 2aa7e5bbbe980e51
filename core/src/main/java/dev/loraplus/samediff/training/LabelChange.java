package dev.loraplus.samediff.training;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Changes one-hot labels on their way into a graph, so that its cross entropy becomes that of PyTorch's {@code
 * CrossEntropyLoss(weight, label_smoothing)}.
 *
 * <p>A row y of class c becomes s w &#8857; (y (1 - e) + e / K), with e the smoothing, w the weights of the classes, and
 * s = n / sum(w_c) where the graph divides by n: the mean is then sum(w_c l) / sum(w_c).
 */
final class LabelChange {
    private final String name;
    private final DataType type;
    private final boolean masked;
    private final double smoothing;
    private final @Nullable List<Double> weights;
    private final LossAverage average;

    private LabelChange(String name, DataType type, boolean masked, TrainerSettings settings, LossAverage average) {
        this.name = name;
        this.type = type;
        this.masked = masked;
        smoothing = settings.labelSmoothing;
        weights = settings.classWeights;
        this.average = average;
    }

    /**
     * Prepares the change for a graph.
     *
     * @throws IllegalArgumentException if the graph's loss is not linear in its labels, or there is not one label array
     */
    static LabelChange of(SameDiff graph, BatchMapping mapping, TrainerSettings settings, LossAverage average) {
        String option = settings.labelSmoothing > 0 ? "labelSmoothing" : "classWeights";
        if (mapping.labels().size() != 1 || mapping.labelMasks().size() > 1) {
            throw new IllegalArgumentException(option + " needs exactly one label array and at most one label mask, got"
                    + " the labels " + mapping.labels() + " and masks " + mapping.labelMasks() + ".");
        }
        String name = mapping.labels().get(0);
        LabelUse.requireLinear(graph, name, option);
        boolean masked = !mapping.labelMasks().isEmpty();
        return new LabelChange(name, graph.getVariable(name).dataType(), masked, settings, average);
    }

    /**
     * Replaces the labels among the placeholders; the batch keeps its own.
     *
     * @return the weight of all labels, sum(w_c) over what the mask lets through; 0 without class weights
     */
    double apply(Map<String, INDArray> placeholders, MultiDataSet batch) {
        INDArray labels = batch.getLabels(0);
        LabelRows held = LabelRows.of(name, labels, masked ? batch.getLabelsMaskArray(0) : null);
        INDArray rows = held.rows();
        INDArray present = rows.sum(true, 1);
        INDArray classes = weights(held.classes());
        double total = rows.mmul(classes.reshape(classes.length(), 1))
                .mul(held.mask())
                .sumNumber()
                .doubleValue();
        rows.muli(1 - smoothing).addiColumnVector(present.mul(smoothing / held.classes()));
        if (weights != null) {
            rows.muliRowVector(classes).muli(scale(total, batch, held));
        }
        placeholders.put(name, rows.castTo(type).reshape('c', labels.shape()));
        return weights == null ? 0 : total;
    }

    private double scale(double total, MultiDataSet batch, LabelRows held) {
        return switch (average) {
            case SUM -> 1;
            case EXAMPLES -> over((double) BatchMapping.examples(batch), total);
            case LABELS -> over((double) held.rows().size(0), total);
            case LABEL_MASK -> over(held.mask().sumNumber().doubleValue(), total);
        };
    }

    /** A batch whose classes all weigh 0 has the loss 0 / 0; it counts nothing, so its labels may as well be 0. */
    private static double over(double count, double total) {
        return total == 0 ? 0 : count / total;
    }

    private INDArray weights(long classes) {
        if (weights == null) {
            return Nd4j.ones(DataType.DOUBLE, classes);
        }
        if (weights.size() != classes) {
            throw new IllegalArgumentException("classWeights holds " + weights.size() + " weights, but the labels '"
                    + name + "' have " + classes + " classes.");
        }
        return Nd4j.createFromArray(
                weights.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
