package dev.loraplus.io;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Reads the elements of tensors from an open file, in bulk, and widens those that ND4J lacks or computes slowly. */
final class TensorDecoder {
    private static final int CHUNK_BYTES = 1 << 20;

    /** Moves {@code count} elements from the start of {@code in} to {@code out[at]} and on. */
    @FunctionalInterface
    private interface Fill<T> {
        void move(ByteBuffer in, T out, int at, int count);
    }

    private final String subject;
    private final FileChannel channel;
    private final long dataStart;
    private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /** {@code subject} names the file in messages; {@code dataStart} is where its data begin. */
    TensorDecoder(String subject, FileChannel channel, long dataStart) {
        this.subject = subject;
        this.channel = channel;
        this.dataStart = dataStart;
    }

    /** Returns the tensor: FLOAT or DOUBLE for floating types, LONG or INT for whole numbers and BOOL. */
    INDArray read(TensorEntry tensor) throws IOException {
        long[] shape = tensor.dimensions();
        if (tensor.count() == 0) {
            return Nd4j.create(type(tensor.dtype()), shape);
        }
        long[] strides = Nd4j.getStrides(shape, 'c');
        int count = Math.toIntExact(tensor.count());
        return switch (type(tensor.dtype())) {
            case DOUBLE -> Nd4j.create(doubles(tensor, count), shape, strides, 'c', DataType.DOUBLE);
            case LONG -> Nd4j.create(longs(tensor, count), shape, strides, 'c', DataType.LONG);
            case INT -> Nd4j.create(ints(tensor, count), shape, strides, 'c', DataType.INT);
            default -> Nd4j.create(floats(tensor, count), shape, strides, 'c', DataType.FLOAT);
        };
    }

    private static DataType type(Dtype dtype) {
        return switch (dtype) {
            case F16, BF16, F32 -> DataType.FLOAT;
            case F64 -> DataType.DOUBLE;
            case I64, U32 -> DataType.LONG;
            case BOOL, U8, I8, I16, U16, I32 -> DataType.INT;
        };
    }

    private float[] floats(TensorEntry tensor, int count) throws IOException {
        return fill(
                tensor,
                new float[count],
                switch (tensor.dtype()) {
                    case F16 ->
                        (in, out, at, n) -> {
                            for (int i = 0; i < n; i++) {
                                out[at + i] = half(in.getShort(2 * i));
                            }
                        };
                    case BF16 ->
                        (in, out, at, n) -> {
                            for (int i = 0; i < n; i++) {
                                out[at + i] = Float.intBitsToFloat(in.getShort(2 * i) << 16);
                            }
                        };
                    default -> (in, out, at, n) -> in.asFloatBuffer().get(out, at, n);
                });
    }

    private double[] doubles(TensorEntry tensor, int count) throws IOException {
        return fill(tensor, new double[count], (in, out, at, n) -> in.asDoubleBuffer()
                .get(out, at, n));
    }

    private long[] longs(TensorEntry tensor, int count) throws IOException {
        return fill(tensor, new long[count], (in, out, at, n) -> {
            for (int i = 0; i < n; i++) {
                out[at + i] =
                        tensor.dtype() == Dtype.I64 ? in.getLong(8 * i) : Integer.toUnsignedLong(in.getInt(4 * i));
            }
        });
    }

    private int[] ints(TensorEntry tensor, int count) throws IOException {
        return fill(tensor, new int[count], (in, out, at, n) -> {
            for (int i = 0; i < n; i++) {
                out[at + i] = switch (tensor.dtype()) {
                    case I32 -> in.getInt(4 * i);
                    case I16 -> in.getShort(2 * i);
                    case U16 -> Short.toUnsignedInt(in.getShort(2 * i));
                    case I8 -> in.get(i);
                    default -> Byte.toUnsignedInt(in.get(i));
                };
            }
        });
    }

    private <T> T fill(TensorEntry tensor, T out, Fill<T> fill) throws IOException {
        int width = tensor.dtype().width();
        int count = Math.toIntExact(tensor.count());
        int perChunk = CHUNK_BYTES / width;
        for (int at = 0; at < count; at += Math.min(perChunk, count - at)) {
            int n = Math.min(perChunk, count - at);
            chunk.clear().limit(n * width);
            readFully(tensor, dataStart + tensor.begin() + (long) at * width);
            fill.move(chunk.flip(), out, at, n);
        }
        return out;
    }

    private void readFully(TensorEntry tensor, long position) throws IOException {
        while (chunk.hasRemaining()) {
            int read = channel.read(chunk, position + chunk.position());
            if (read < 0) {
                throw new EOFException(subject + ": tensor '" + tensor.name() + "' ended while it was read.");
            }
        }
    }

    /** Widens an IEEE 754 half: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = (bits >> 10) & 0x1F;
        int fraction = bits & 0x3FF;
        if (exponent == 0) {
            float value = fraction * 0x1p-24f;
            return sign == 0 ? value : -value;
        }
        int widened = exponent == 0x1F ? 0xFF : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | widened << 23 | fraction << 13);
    }
}
