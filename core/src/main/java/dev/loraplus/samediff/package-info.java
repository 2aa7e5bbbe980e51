/** Adapts and trains SameDiff graphs: surgery on the user's graph, and a rewritten graph for gradients. */
@NullMarked
package dev.loraplus.samediff;

import org.jspecify.annotations.NullMarked;
