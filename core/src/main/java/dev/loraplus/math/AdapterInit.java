package dev.loraplus.math;

import dev.loraplus.Adapter;
import dev.loraplus.Initialization;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Draws the start values of factors from a seed and a name alone: the same on every platform and backend, whatever was
 * drawn before. Thread-safe.
 *
 * @since 0.1.0
 */
public final class AdapterInit {
    private AdapterInit() {}

    /**
     * Returns the start values of a pair of factors, one random and one zero, so that A &middot; B = 0.
     *
     * @param initialization which one is random, and how wide
     * @param name the name of the adapted weight; each name draws other values
     * @param nIn the rows of A {@code [nIn, r]}, at least 1
     * @param rank the inner width r, at least 1
     * @param nOut the columns of B {@code [r, nOut]}, at least 1
     * @param type FLOAT or DOUBLE
     * @param seed each seed draws other values
     * @throws IllegalArgumentException if a size is below 1, the type is neither FLOAT nor DOUBLE, the initialization
     *     changes the base, or the rank is odd for {@link Initialization#ORTHOGONAL}
     */
    public static Adapter.Factors factors(
            Initialization initialization, String name, long nIn, long rank, long nOut, DataType type, long seed) {
        requireType(name, type);
        requireSizes(name, nIn, rank);
        requireSizes(name, rank, nOut);
        return switch (initialization) {
            case A_RANDOM_B_ZERO ->
                new Adapter.Factors(kaimingUniform(name, nIn, rank, type, seed), Nd4j.zeros(type, rank, nOut));
            case B_RANDOM_A_ZERO ->
                new Adapter.Factors(Nd4j.zeros(type, nIn, rank), kaimingUniform(name, rank, nOut, type, seed));
            case GAUSSIAN ->
                new Adapter.Factors(normal(name, nIn, rank, 1.0 / rank, type, seed), Nd4j.zeros(type, rank, nOut));
            case ORTHOGONAL -> OrthogonalInit.factors(name, nIn, rank, nOut, type, seed);
            case PISSA, OLORA ->
                throw new IllegalArgumentException("The factors of '" + name + "' can't start by " + initialization
                        + ", which needs the weight; choose an initialization that leaves the base as it is.");
        };
    }

    /**
     * Returns the start values of a pair of factors on an embedding, one of them from N(0, 1) and the other zero.
     *
     * <p>{@link Initialization#A_RANDOM_B_ZERO} and {@link Initialization#GAUSSIAN} draw B, as PEFT's
     * {@code reset_lora_parameters} does; {@link Initialization#B_RANDOM_A_ZERO} draws A, as the reference code of LoRA+.
     *
     * @param name the name of the adapted table; each name draws other values
     * @param rows the rows V of A {@code [V, r]}, at least 1
     * @param rank the inner width r, at least 1
     * @param width the columns n of B {@code [r, n]}, at least 1
     * @param type FLOAT or DOUBLE
     * @param seed each seed draws other values
     * @throws IllegalArgumentException if a size is below 1, the type is neither FLOAT nor DOUBLE, or the initialization
     *     is none for embeddings
     */
    public static Adapter.Factors embedding(
            Initialization initialization, String name, long rows, long rank, long width, DataType type, long seed) {
        requireType(name, type);
        requireSizes(name, rows, rank);
        requireSizes(name, rank, width);
        return switch (initialization) {
            case A_RANDOM_B_ZERO, GAUSSIAN ->
                new Adapter.Factors(Nd4j.zeros(type, rows, rank), normal(name, rank, width, 1, type, seed));
            case B_RANDOM_A_ZERO ->
                new Adapter.Factors(normal(name, rows, rank, 1, type, seed), Nd4j.zeros(type, rank, width));
            case ORTHOGONAL, PISSA, OLORA ->
                throw new IllegalArgumentException("The embedding '" + name + "' can't start by " + initialization
                        + ", which is for linear weights; choose another initialization or exclude it.");
        };
    }

    /** Draws a factor from N(0, deviation<sup>2</sup>), as {@link #kaimingUniform} draws from its range. */
    static INDArray normal(String name, long rows, long columns, double deviation, DataType type, long seed) {
        Random random = new Random(hash(seed, name));
        double[] values = DoubleStream.generate(random::nextGaussian)
                .limit(Math.multiplyExact(rows, columns))
                .map(value -> deviation * value)
                .toArray();
        return Nd4j.createFromArray(values).castTo(type).reshape('c', rows, columns);
    }

    /**
     * Draws a factor uniformly from &plusmn;1/&radic;rows: rows are the inputs of a factor in x &middot; W order, so
     * this is PyTorch's {@code kaiming_uniform_(a = sqrt(5))}, which PEFT's {@code reset_lora_parameters} calls.
     *
     * @param name the name of the adapted weight; each name draws other values
     * @param rows nIn for A {@code [nIn, r]}, r for B {@code [r, nOut]}; at least 1
     * @param columns r for A, nOut for B; at least 1
     * @param type FLOAT or DOUBLE
     * @param seed each seed draws other values
     * @throws IllegalArgumentException if a size is below 1, or the type is neither FLOAT nor DOUBLE
     */
    public static INDArray kaimingUniform(String name, long rows, long columns, DataType type, long seed) {
        requireType(name, type);
        requireSizes(name, rows, columns);
        double bound = 1 / Math.sqrt((double) rows);
        Random random = new Random(hash(seed, name));
        double[] values = DoubleStream.generate(random::nextDouble)
                .limit(Math.multiplyExact(rows, columns))
                .map(uniform -> bound * (2 * uniform - 1))
                .toArray();
        return Nd4j.createFromArray(values).castTo(type).reshape('c', rows, columns);
    }

    /** Spreads seed and name over 64 bits; {@link Random} and SHA-256 are specified to the bit, hash codes too small. */
    private static long hash(long seed, String name) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).array());
            return ByteBuffer.wrap(digest.digest(name.getBytes(StandardCharsets.UTF_8)))
                    .getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java has no SHA-256, which every Java platform must have.", e);
        }
    }

    private static void requireType(String name, DataType type) {
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(
                    "The factors of '" + name + "' must be FLOAT or DOUBLE, got " + type + ".");
        }
    }

    private static void requireSizes(String name, long rows, long columns) {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("A factor of '" + name + "' needs at least 1 row and 1 column, got ["
                    + rows + ", " + columns + "].");
        }
    }
}
