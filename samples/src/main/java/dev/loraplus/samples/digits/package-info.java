/**
 * Adapts a convolutional network that reads handwritten digits to images that are rotated and inverted.
 *
 * <p>The data are the UCI optical digits, 1,797 images of 8 x 8 pixels (E. Alpaydin, C. Kaynak; CC BY 4.0; see NOTICE).
 */
@NullMarked
package dev.loraplus.samples.digits;

import org.jspecify.annotations.NullMarked;
