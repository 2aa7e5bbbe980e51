package dev.loraplus.samediff.training;

import dev.loraplus.io.TensorChecksum;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Takes the batches of one call of fit from an iterator, and counts them there. */
final class DataCursor {
    private final MultiDataSetIterator data;
    private final FitProgress fit;
    private final @Nullable TensorChecksum checksum;

    /** {@code checked} says whether the batches are summed up, so that a later start can compare its own. */
    DataCursor(MultiDataSetIterator data, FitProgress fit, boolean checked) {
        this.data = data;
        this.fit = fit;
        checksum = checked ? new TensorChecksum() : null;
    }

    boolean hasNext() {
        return data.hasNext();
    }

    MultiDataSet next() {
        MultiDataSet batch = take();
        fit.batches++;
        if (checksum != null) {
            fit.checksum = checksum.value();
        }
        return batch;
    }

    /** Goes to the start of the next epoch, unless it is in the middle of one. */
    void open() {
        if (fit.batches == 0) {
            rewind();
            if (!data.hasNext()) {
                throw new IllegalArgumentException("The data iterator gave no batch; training needs at least one.");
            }
        }
    }

    /**
     * Takes all batches again that were taken before, by the same calls in the same order, since what an iterator gives
     * next can depend on all that it gave.
     *
     * @throws IllegalStateException if they are not the same batches
     */
    void replay() {
        for (int epoch = 0; epoch < fit.epochs; epoch++) {
            rewind();
            while (data.hasNext()) {
                take();
            }
        }
        if (fit.batches > 0) {
            rewind();
        }
        long taken = 0;
        while (taken < fit.batches && data.hasNext()) {
            take();
            taken++;
        }
        if (taken < fit.batches || (checksum != null && checksum.value() != fit.checksum)) {
            throw new IllegalStateException("Training can't go on where it stopped: after " + fit.epochs
                    + " epochs and "
                    + taken + " of " + fit.batches + " batches, the data iterator has not given the batches that it"
                    + " gave before. Give fit the same data in the same order, with a fixed seed for shuffling, or"
                    + " start anew in another folder of checkpoints.");
        }
    }

    private void rewind() {
        if (!data.hasNext() && data.resetSupported()) {
            data.reset();
        }
    }

    private MultiDataSet take() {
        MultiDataSet batch = data.next();
        if (checksum != null) {
            add(checksum, batch.getFeatures());
            add(checksum, batch.getLabels());
            add(checksum, batch.getFeaturesMaskArrays());
            add(checksum, batch.getLabelsMaskArrays());
        }
        return batch;
    }

    private static void add(TensorChecksum checksum, INDArray @Nullable [] arrays) {
        if (arrays == null) {
            checksum.add(null);
            return;
        }
        for (INDArray array : arrays) {
            checksum.add(array);
        }
    }
}
