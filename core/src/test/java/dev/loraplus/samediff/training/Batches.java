package dev.loraplus.samediff.training;

import java.util.List;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.MultiDataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Gives batches in their order. */
@SuppressWarnings("serial")
final class Batches implements MultiDataSetIterator {
    private final List<MultiDataSet> all;
    private int next;

    Batches(List<MultiDataSet> all) {
        this.all = all;
    }

    @Override
    public boolean hasNext() {
        return next < all.size();
    }

    @Override
    public MultiDataSet next() {
        return all.get(next++);
    }

    @Override
    public MultiDataSet next(int count) {
        throw new UnsupportedOperationException("Batches come as they are.");
    }

    @Override
    public void reset() {
        next = 0;
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public void setPreProcessor(MultiDataSetPreProcessor preProcessor) {
        throw new UnsupportedOperationException("Batches come as they are.");
    }

    @Override
    public MultiDataSetPreProcessor getPreProcessor() {
        throw new UnsupportedOperationException("Batches come as they are.");
    }
}
