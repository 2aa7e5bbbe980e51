/** Decides how fast each parameter learns: groups, schedules, updaters, clipping. The only place that knows lambda. */
@NullMarked
package dev.loraplus.optim;

import org.jspecify.annotations.NullMarked;
