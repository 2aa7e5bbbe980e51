/** Internal: Java kernels for what ND4J's CPU backend does slowly or wrongly; used in gradient graphs only. */
@NullMarked
package dev.loraplus.samediff.kernel;

import org.jspecify.annotations.NullMarked;
