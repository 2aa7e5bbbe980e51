package dev.loraplus.network;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Draws the masks that zero inputs of a branch in training, each a function of seed, weight and iteration alone, so that
 * a pass can be repeated; what is kept is divided by the probability of keeping.
 */
final class BranchDropout {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private final double probability;
    private final long stream;

    BranchDropout(double probability, String weight, long seed) {
        this.probability = probability;
        this.stream = mix(seed ^ mix(weight.hashCode()));
    }

    /** Returns whether anything is ever dropped. */
    boolean isActive() {
        return probability > 0;
    }

    /** Fills an array with the mask of an iteration, 0 or 1 / (1 - probability), and returns it. */
    INDArray fill(INDArray mask, int iteration) {
        try (Random random = Nd4j.getRandomFactory().getNewRandomInstance(mix(stream + iteration * GOLDEN))) {
            Nd4j.rand(mask, random);
        } catch (Exception e) {
            throw new IllegalStateException("Cannot draw the dropout mask: " + e.getMessage(), e);
        }
        return mask.assign(mask.gte(probability)).divi(1 - probability);
    }

    /** Spreads the bits of a number over all 64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
