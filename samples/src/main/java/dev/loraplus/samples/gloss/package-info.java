/**
 * Classifies WordNet's definitions into its 45 supersenses: data, batches, scores, report and command line of the main
 * job.
 *
 * <p>Glosses are read from the class path, split by hash, encoded, and batched by length; scores and predictions go to
 * {@code results.json} and {@code report.html}. Nothing here knows the model.
 */
@NullMarked
package dev.loraplus.samples.gloss;

import org.jspecify.annotations.NullMarked;
