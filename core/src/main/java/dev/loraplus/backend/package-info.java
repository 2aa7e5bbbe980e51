/** Picks the native build of ND4J that suits this CPU, before ND4J loads. */
@NullMarked
package dev.loraplus.backend;

import org.jspecify.annotations.NullMarked;
