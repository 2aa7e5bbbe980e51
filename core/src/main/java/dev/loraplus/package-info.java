/**
 * Attaches low-rank adapters to models that already exist, and takes them off again.
 *
 * <p>Every adapted weight W {@code [nIn, nOut]} acts as W + scaling &middot; A &middot; B with A {@code [nIn, r]}, B
 * {@code [r, nOut]} and scaling = alpha / rank (arXiv 2106.09685 &sect;4.1). B is always the factor on the output side;
 * it learns at lambda times the rate of A (arXiv 2402.12354 &sect;4). Files hold both factors transposed, as PEFT does.
 *
 * <p>The life of an adapter: a {@link dev.loraplus.LoraConfig} says what to adapt; attaching
 * changes the model in place and returns the live handle, an adapted model; training moves the
 * factors only; then the adapter is saved, merged into the weights, or detached, which leaves the model as it was.
 */
@NullMarked
package dev.loraplus;

import org.jspecify.annotations.NullMarked;
