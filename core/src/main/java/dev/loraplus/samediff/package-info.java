/** Adapts SameDiff graphs in place: finds their weights, adds low-rank branches, merges, detaches, loads and saves. */
@NullMarked
package dev.loraplus.samediff;

import org.jspecify.annotations.NullMarked;
