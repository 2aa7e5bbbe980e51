@file:JvmName("SameDiffLora")

package dev.loraplus.dsl

import dev.loraplus.LoraPlus
import dev.loraplus.samediff.AdaptedGraph
import org.nd4j.autodiff.samediff.SameDiff

/**
 * Attaches a new adapter to this graph, in place; the graph first computes exactly what it did before.
 *
 * Every adapted weight W `[nIn, nOut]` acts as W + (alpha / rank) · A · B with A `[nIn, r]` and B `[r, nOut]`; B
 * learns at lambda times the rate of A (arXiv 2402.12354 §4). What is null or not said has the default of
 * [dev.loraplus.LoraConfig.Builder].
 *
 * @sample dev.loraplus.dsl.samples.sameDiff
 * @param rank the inner width r: at least 1
 * @param lambda the learning rate of B divided by that of A: finite and above 0; 1 is plain LoRA
 * @param alpha the numerator of the scaling: finite and above 0
 * @return the live handle, to train, save, merge and detach with
 * @throws dev.loraplus.NoMatchingTargetException if targets or modules to save match nothing; the message lists what
 *     exists
 * @throws IllegalArgumentException if a value lies outside its range, a target can't be adapted, or the graph is
 *     adapted already; the graph is unchanged
 * @since 0.1.0
 */
public fun SameDiff.lora(
    rank: Int? = null,
    lambda: Number? = null,
    alpha: Number? = null,
    block: GraphLoraScope.() -> Unit = {},
): AdaptedGraph = LoraPlus.attach(this, GraphLoraScope(rank, lambda, alpha).apply(block).config())
