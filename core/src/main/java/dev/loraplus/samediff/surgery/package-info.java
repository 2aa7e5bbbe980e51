/** Internal: reads the structure of SameDiff graphs and changes it, so that every change can be taken back. */
@NullMarked
package dev.loraplus.samediff.surgery;

import org.jspecify.annotations.NullMarked;
