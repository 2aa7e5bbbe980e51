package dev.loraplus.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

class GlossBatchesTest {
    private static final int CLS = 101;
    private static final int SEP = 102;

    /** Encodes "text 7 5" as [CLS] 1007 1007 1007 [SEP], five tokens in all, so that each row tells its gloss. */
    private static final TextEncoder TOY = (texts, maxLength) -> texts.stream()
            .map(text -> {
                String[] words = text.split(" ");
                int[] ids = IntStream.generate(() -> 1000 + Integer.parseInt(words[1]))
                        .limit(Math.min(maxLength, Integer.parseInt(words[2])))
                        .toArray();
                ids[0] = CLS;
                ids[ids.length - 1] = SEP;
                return ids;
            })
            .toList();

    @Test
    void training_givesEveryGlossOncePerPassWithItsLabel() {
        long seed = 3;
        GlossBatches batches = GlossBatches.training(tokenized(103, 40), 8, seed);
        for (int pass = 0; pass < 3; pass++) {
            List<Integer> seen = drain(batches);
            assertThat(seen).as("seed %d, pass %d", seed, pass).hasSize(103).doesNotHaveDuplicates();
            batches.reset();
        }
    }

    @Test
    void training_fillsAllBatchesButOneAndPadsToFewLengths() {
        GlossBatches batches = GlossBatches.training(tokenized(103, 40), 8, 3);
        List<Long> sizes = new ArrayList<>();
        assertThat(batches.batchesPerPass()).isEqualTo(13);
        while (batches.hasNext()) {
            INDArray ids = batches.next().getFeatures(0);
            sizes.add(ids.size(0));
            assertThat(ids.size(1) % LengthBuckets.STEP).isZero();
            assertThat(ids.size(1)).isLessThanOrEqualTo(TokenizedGlosses.MAX_TOKENS);
        }
        assertThat(sizes).filteredOn(size -> size == 8).hasSize(12);
        assertThat(sizes).filteredOn(size -> size == 7).hasSize(1);
    }

    @Test
    void training_sameSeedSameOrder_nextPassAnotherOrder() {
        TokenizedGlosses glosses = tokenized(50, 12);
        GlossBatches first = GlossBatches.training(glosses, 4, 9);
        List<Integer> order = drain(first);
        GlossBatches second = GlossBatches.training(glosses, 4, 9);
        second.reset();

        assertThat(drain(second)).isEqualTo(order);
        first.reset();
        second.reset();
        List<Integer> nextOrder = drain(first);
        assertThat(nextOrder).isNotEqualTo(order).isEqualTo(drain(second));
    }

    @Test
    void evaluation_goesFromShortToLongAndRepeats() {
        GlossBatches batches = GlossBatches.evaluation(tokenized(30, 31), 7);
        List<Integer> order = drain(batches);
        batches.reset();

        assertThat(order).hasSize(30).doesNotHaveDuplicates().isEqualTo(drain(batches));
        batches.reset();
        long previous = 0;
        while (batches.hasNext()) {
            long length = batches.next().getFeatures(0).size(1);
            assertThat(length).isGreaterThanOrEqualTo(previous);
            previous = length;
        }
        assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void of_encoderThatLosesTexts_isRefused() {
        List<Gloss> glosses = List.of(new Gloss("text 1 3", 0));
        assertThatThrownBy(() -> TokenizedGlosses.of(glosses, (texts, maxLength) -> List.of()))
                .hasMessageContaining("0 sequences for 1 texts");
        assertThatThrownBy(() -> TokenizedGlosses.of(glosses, (texts, maxLength) -> List.of(new int[] {CLS})))
                .hasMessageContainingAll("got 1", "text 1 3");
        assertThatThrownBy(() -> TokenizedGlosses.of(glosses, (texts, maxLength) -> List.of(new int[33])))
                .hasMessageContaining("got 33");
    }

    /** Returns the glosses of a pass in their order, each row checked: padding right, mask right, label right. */
    private static List<Integer> drain(GlossBatches batches) {
        List<Integer> seen = new ArrayList<>();
        while (batches.hasNext()) {
            MultiDataSet batch = batches.next();
            assertThat(batch.getFeatures(0).dataType()).isEqualTo(DataType.INT);
            assertThat(batch.getFeatures(1).dataType()).isEqualTo(DataType.FLOAT);
            assertThat(batch.getLabels(0).dataType()).isEqualTo(DataType.FLOAT);
            int[][] ids = batch.getFeatures(0).toIntMatrix();
            float[][] mask = batch.getFeatures(1).toFloatMatrix();
            float[][] labels = batch.getLabels(0).toFloatMatrix();
            for (int row = 0; row < ids.length; row++) {
                int gloss = ids[row][1] - 1000;
                assertRow(ids[row], mask[row]);
                float[] oneHot = new float[45];
                oneHot[gloss % 45] = 1;
                assertThat(labels[row]).isEqualTo(oneHot);
                seen.add(gloss);
            }
        }
        return seen;
    }

    private static void assertRow(int[] ids, float[] mask) {
        boolean ended = false;
        for (int t = 0; t < ids.length; t++) {
            assertThat(mask[t]).isEqualTo(ended ? 0f : 1f);
            assertThat(ids[t] == 0).isEqualTo(ended);
            ended |= ids[t] == SEP;
        }
        assertThat(ids[0]).isEqualTo(CLS);
        assertThat(ended).isTrue();
    }

    private static TokenizedGlosses tokenized(int count, int maxLength) {
        Random random = new Random(1);
        List<Gloss> glosses = IntStream.range(0, count)
                .mapToObj(i -> new Gloss("text " + i + " " + (3 + random.nextInt(maxLength - 2)), i % 45))
                .toList();
        return TokenizedGlosses.of(glosses, TOY);
    }
}
