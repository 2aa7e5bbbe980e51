/**
 * Adapts a recurrent network that forecasts one series to a series with other frequencies; both are synthetic.
 */
@NullMarked
package dev.loraplus.samples.series;

import org.jspecify.annotations.NullMarked;
