/** Reads and writes adapter files in PEFT's layout, strictly. */
@NullMarked
package dev.loraplus.io;

import org.jspecify.annotations.NullMarked;
