package dev.loraplus.network;

import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells that {@link TransferLearning} leaves the rates of an adapter as they are: it gives an updater to layers of DL4J's
 * own classes only, and says nothing to others, so that all there is to notice it by is who makes the layer.
 */
final class FineTuneNotice {
    private static final Logger LOG = LoggerFactory.getLogger(FineTuneNotice.class);

    private FineTuneNotice() {}

    /** Warns if the layer is being made by {@link TransferLearning}. */
    static void giveFor(@Nullable String layer) {
        if (LOG.isWarnEnabled() && isTransferLearning()) {
            LOG.warn(
                    "Layer '{}' has an adapter and keeps its updater and rates: an updater in a FineTuneConfiguration for"
                            + " TransferLearning does not reach it. Use setLearningRate(..) afterwards, or attach with"
                            + " NetworkOptions.withFineTune(..).",
                    layer);
        }
    }

    private static boolean isTransferLearning() {
        String name = TransferLearning.class.getName();
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().startsWith(name)));
    }
}
