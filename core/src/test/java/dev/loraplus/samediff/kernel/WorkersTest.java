package dev.loraplus.samediff.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class WorkersTest {
    private static final int MANY = Workers.PARALLEL_FROM;

    @Test
    void run_visitsEveryItemOnce() {
        for (int items : new int[] {1, 2, 3, 67, MANY + 1}) {
            AtomicIntegerArray visits = new AtomicIntegerArray(items);

            Workers.run(items, MANY, (from, to) -> {
                for (int i = from; i < to; i++) {
                    visits.incrementAndGet(i);
                }
            });

            for (int i = 0; i < items; i++) {
                assertThat(visits.get(i)).as("visits of %d of %d", i, items).isEqualTo(1);
            }
        }
    }

    @Test
    void run_failureInAnyPart_reachesTheCallerUnwrapped() {
        for (int failing : new int[] {0, 9}) {
            assertThatThrownBy(() -> Workers.run(10, MANY, (from, to) -> {
                        if (from <= failing && failing < to) {
                            throw new IllegalStateException("item " + failing);
                        }
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("item " + failing);
        }
        assertThatThrownBy(() -> Workers.run(10, MANY, (from, to) -> {
                    throw new AssertionError("error");
                }))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void kernelsOnLargeArrays_equalThoseOnTheirSlicesBitForBit() {
        Random random = new Random(11);
        INDArray x = Samples.mixed(random, 301, 257);
        INDArray dy = Samples.mixed(random, 301, 257);
        INDArray gain = Samples.mixed(random, 257);
        INDArray bias = Samples.mixed(random, 257);
        assertThat(x.length()).isGreaterThan(2L * MANY);

        assertThat(Samples.run(new GeluOp(true), x).get(0)).isEqualTo(slices(x, s -> gelu(s, x, 0)));
        assertThat(Samples.run(new GeluOp(true), x).get(1)).isEqualTo(slices(x, s -> gelu(s, x, 1)));
        assertThat(Samples.run(new MultiplyOp(), x, dy).get(0))
                .isEqualTo(slices(
                        x, s -> Samples.run(new MultiplyOp(), s.of(x), s.of(dy)).get(0)));
        assertThat(Samples.run(new LayerNormOp(), x, gain, bias).get(0))
                .isEqualTo(slices(x, s -> Samples.run(new LayerNormOp(), s.of(x), gain, bias)
                        .get(0)));
        assertThat(Samples.run(new LayerNormGradOp(), x, gain, dy).get(0))
                .isEqualTo(slices(x, s -> Samples.run(new LayerNormGradOp(), s.of(x), gain, s.of(dy))
                        .get(0)));
    }

    private static INDArray gelu(Slice slice, INDArray x, int output) {
        return Samples.run(new GeluOp(true), slice.of(x)).get(output);
    }

    /** Computes piecewise, in pieces too small for a second thread; their sizes leave vector tails. */
    private static INDArray slices(INDArray like, SliceWork work) {
        List<INDArray> parts = new ArrayList<>();
        for (int from = 0; from < like.rows(); from += 43) {
            parts.add(work.of(new Slice(from, Math.min(from + 43, like.rows()))));
        }
        return Nd4j.concat(0, parts.toArray(INDArray[]::new));
    }

    private interface SliceWork {
        INDArray of(Slice slice);
    }

    private record Slice(int from, int to) {
        INDArray of(INDArray array) {
            return array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all())
                    .dup('c');
        }
    }
}
