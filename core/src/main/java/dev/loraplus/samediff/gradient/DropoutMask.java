package dev.loraplus.samediff.gradient;

import dev.loraplus.samediff.kernel.JavaOp;
import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.rng.Random;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Draws an inverted dropout mask in the shape of its input: 1 / (1 - p) with probability 1 - p, else 0.
 *
 * <p>The values depend on (seed, step, part of the step, target) only. Outside training the mask is 1 everywhere.
 */
final class DropoutMask extends JavaOp {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private static final long PARTS = 0xD1B54A32D192ED03L;

    private final double probability;
    private final long stream;
    private long place;
    private boolean training;

    DropoutMask(String target, double probability, long seed) {
        super("lora_dropout_mask", 1);
        this.probability = probability;
        this.stream = mix(seed ^ mix(target.hashCode()));
    }

    /** Draws the masks of this step, and of this of its batches, from now on; both counted from 0. */
    void train(long step, int part) {
        place = step * GOLDEN + part * PARTS;
        training = true;
    }

    /** Lets everything through from now on. */
    void pass() {
        training = false;
    }

    @Override
    public void run(List<INDArray> in, List<INDArray> out) {
        INDArray mask = out.get(0);
        if (!training) {
            mask.assign(1);
            return;
        }
        try (Random random = Nd4j.getRandomFactory().getNewRandomInstance(mix(stream + place))) {
            Nd4j.rand(mask, random);
        } catch (Exception e) {
            throw new IllegalStateException("Cannot draw the dropout mask: " + e.getMessage(), e);
        }
        mask.assign(mask.gte(probability)).divi(1 - probability);
    }

    @Override
    protected List<long[]> shapes(List<INDArray> in) {
        return List.of(in.get(0).shape());
    }

    /** Spreads the bits of a number over all 64. */
    private static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
