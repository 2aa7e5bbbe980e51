/** Builds pretrained transformer families as SameDiff graphs of few, large operations. */
@NullMarked
package dev.loraplus.models;

import org.jspecify.annotations.NullMarked;
