/** Internal: gradients of an adapted graph, by a private copy that is differentiated and rewritten for speed. */
@NullMarked
package dev.loraplus.samediff.gradient;

import org.jspecify.annotations.NullMarked;
