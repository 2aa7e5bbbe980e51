package dev.loraplus.samples.digits;

import java.util.Arrays;
import java.util.Random;

/**
 * Splits the digits by a seeded shuffle into parts that share no image. The file does not say who wrote an image, so one
 * writer's digits fall into several parts.
 *
 * @param pretraining 1,000 images, as they are, to train the base with
 * @param training 100 images to adapt with, once shifted
 * @param validation 197 images, once shifted, to choose learning rates with
 * @param test 500 images to score with at the end, shifted and as they are
 * @since 0.1.0
 */
public record DigitSplits(DigitImages pretraining, DigitImages training, DigitImages validation, DigitImages test) {
    private static final int PRETRAINING = 1000;
    private static final int TRAINING = 100;
    private static final int TEST = 500;

    /** Splits the images; the same seed gives the same parts. */
    public static DigitSplits of(DigitImages images, long seed) {
        int[] order = new int[images.count()];
        Arrays.setAll(order, i -> i);
        Random random = new Random(seed);
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        int validationEnd = order.length - TEST;
        return new DigitSplits(
                images.select(Arrays.copyOfRange(order, 0, PRETRAINING)),
                images.select(Arrays.copyOfRange(order, PRETRAINING, PRETRAINING + TRAINING)),
                images.select(Arrays.copyOfRange(order, PRETRAINING + TRAINING, validationEnd)),
                images.select(Arrays.copyOfRange(order, validationEnd, order.length)));
    }
}
