package dev.loraplus.optim;

/**
 * Says which trained parameters learn at lambda times the rate of A. Each constant's table is part of its contract.
 *
 * <p>eta is the rate of A, w the weight decay, lambda that of the parameter's target where targets differ. Groups come in
 * the order of the tables; one without parameters is left out.
 *
 * @since 0.1.0
 */
public enum Grouping {
    /**
     * Puts lambda on B only, as the paper has it (arXiv 2402.12354 &sect;4), and decays matrices only.
     *
     * <table>
     * <caption>Groups</caption>
     * <tr><th>group</th><th>parameters</th><th>rate</th><th>decay</th></tr>
     * <tr><td>A</td><td>factors A, of embeddings too</td><td>eta</td><td>w</td></tr>
     * <tr><td>embedding</td><td>both factors of embeddings, if an embedding rate is given</td><td>it</td><td>w</td></tr>
     * <tr><td>B</td><td>factors B, of embeddings too</td><td>lambda &middot; eta</td><td>w</td></tr>
     * <tr><td>B_no_decay</td><td>biases of factors B</td><td>lambda &middot; eta</td><td>0</td></tr>
     * <tr><td>magnitude</td><td>magnitudes of DoRA, whose decay would shrink the base</td><td>eta</td><td>0</td></tr>
     * <tr><td>base_no_decay</td><td>biases of the base</td><td>eta</td><td>0</td></tr>
     * <tr><td>head</td><td>weights of modules trained fully</td><td>head rate, else eta</td><td>w</td></tr>
     * <tr><td>head_no_decay</td><td>their biases and norms</td><td>head rate, else eta</td><td>0</td></tr>
     * </table>
     */
    STRICT,
    /**
     * Puts lambda on B and on every one-dimensional parameter, as {@code create_loraplus_optimizer} of PEFT 0.21.
     *
     * <table>
     * <caption>Groups</caption>
     * <tr><th>group</th><th>parameters</th><th>rate</th><th>decay</th></tr>
     * <tr><td>A</td><td>factors A, weights of rank 2 or more, magnitudes of DoRA on convolutions (which PEFT holds in
     * rank 4)</td><td>eta</td><td>w</td></tr>
     * <tr><td>embedding</td><td>both factors of embeddings</td><td>embedding rate, else 1e-6</td><td>w</td></tr>
     * <tr><td>B</td><td>factors B, one-dimensional weights, other magnitudes of DoRA, gains of norms other than
     * LayerNorm</td><td>lambda &middot; eta</td><td>w</td></tr>
     * <tr><td>B_no_decay</td><td>biases of factors B, of the base and of modules trained fully, gains and shifts of
     * LayerNorm</td><td>lambda &middot; eta</td><td>0</td></tr>
     * </table>
     *
     * <p>A bias or norm counts as one-dimensional whatever its shape here, since DL4J holds {@code [1, nOut]} where
     * PyTorch holds {@code [nOut]}. PEFT goes by names: a module of its own called, say, {@code unbiased} escapes its
     * decay, and not ours. A head rate has no effect and is refused.
     */
    REFERENCE
}
