/** Computes with low-rank factors; takes and returns arrays and knows no model. */
@NullMarked
package dev.loraplus.math;

import org.jspecify.annotations.NullMarked;
