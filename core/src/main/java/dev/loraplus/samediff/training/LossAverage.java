package dev.loraplus.samediff.training;

/**
 * Says what the loss of a graph is the mean of, so that batches of different size can be combined into one step, and
 * weights of classes into one mean.
 *
 * <p>With L_i the loss of batch i and n_i what the constant counts, the loss of all is sum(n_i L_i) / sum(n_i).
 *
 * @since 0.1.0
 */
public enum LossAverage {
    /**
     * The mean over the label arrays: n is the number of their elements. Right for a mean over examples, {@code [b, K]},
     * and for one over all places of sequences, {@code [b, t, K]}. Default where no label mask is mapped.
     */
    LABELS,
    /** The mean over examples, whatever their length: n is the size b of the first dimension of the first features. */
    EXAMPLES,
    /** The mean over what the label masks let through: n is the sum of the label masks. Default where one is mapped. */
    LABEL_MASK,
    /** No mean but a sum: losses and gradients are added, and class weights are not divided by their sum. */
    SUM
}
