/**
 * Adapts a trained network to a new domain in four ways and measures them alike: full fine-tuning, head only, LoRA,
 * LoRA+.
 *
 * <p>Every way gets the same examples, the same number of steps and the same learning rates to choose from; the choice is
 * made on validation examples of the new domain, and the test examples are scored once, with the chosen network.
 */
@NullMarked
package dev.loraplus.samples.adaptation;

import org.jspecify.annotations.NullMarked;
