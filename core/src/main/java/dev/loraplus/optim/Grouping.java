package dev.loraplus.optim;

/**
 * Says which trained parameters learn at lambda times the rate of A. Each constant's table is part of its contract.
 *
 * <p>eta is the rate of A, w the weight decay.
 *
 * @since 0.1.0
 */
public enum Grouping {
    /**
     * Puts lambda on B only, as the paper has it (arXiv 2402.12354 &sect;4).
     *
     * <p>Groups, in this order: {@code A} (factors A; eta, w), {@code B} (factors B; lambda &middot; eta, w),
     * {@code head} (weights; head rate, w), {@code head_no_decay} (biases and norms; head rate, no decay). The head
     * rate is eta unless given.
     */
    STRICT,
    /**
     * Puts lambda on B and on every one-dimensional parameter, as PEFT's {@code create_loraplus_optimizer}.
     *
     * <p>Groups, in this order: {@code A} (factors A and weights of rank 2 or more; eta, w), {@code embedding} (factors
     * of embeddings, which no {@link TrainedParameter.Kind} declares: empty), {@code B} (factors B and one-dimensional
     * weights; lambda &middot; eta, w), {@code B_no_decay} (biases and norms; lambda &middot; eta, no decay). A bias or
     * norm counts as one-dimensional whatever its shape here, since DL4J holds {@code [1, nOut]} where PyTorch holds
     * {@code [nOut]}. PEFT takes only LayerNorm out of the decay; declare the gain of another normalisation as a weight
     * to follow it there. A head rate has no effect and is refused.
     */
    REFERENCE
}
